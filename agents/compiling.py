"""JAX for trainings: a cache of compiled programs, and equal bits on any number of cores.

Import JAX from here: these settings have an effect only before JAX computes something.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from mesa_gym.errors import missing_extra, shorten
from mesa_gym.solver.cache import cache_folder

# By how many cores XLA shares out its sums. Their order, and so the bits of weights, depends on it.
os.environ.setdefault("NPROC", "1")

try:
    import jax
    import jax.numpy as jnp
    import optax
    from jax import Array as Array
except ImportError as error:
    raise missing_extra(error.name or "jax", "train") from None

# Compiling an update takes 5 to 7 seconds, and reading a kept one half a second.
jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "programs"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

# Agents that a GPU trains at once. At 128 environments each they need some gigabytes.
AT_ONCE = 256


def find_device(name: str | None) -> Any:
    """Return the device of a name such as ``cuda`` or ``cpu:0``; by default JAX's first one.

    Raises:
        ValueError: JAX does not have the device here.
    """
    if name is None:
        return jax.devices()[0]
    platform, _, number = name.partition(":")
    try:
        return jax.devices(platform)[int(number or 0)]
    except (RuntimeError, ValueError, IndexError):
        here = ", ".join(sorted({each.platform for each in jax.devices()} | {"cpu"}))
        raise ValueError(
            f"device {shorten(name)} is not here; JAX has {here} (for a GPU, install JAX with CUDA)"
        ) from None


class Many:
    """Compiles functions of one agent into functions of several.

    On a CPU agents are trained one by one, since several at once take longer. On a GPU all are
    trained at once.

    Args:
        device: of ``find_device``.

    Attributes:
        most: how many agents are trained at once.
    """

    def __init__(self, device: Any) -> None:
        self.device = device
        self.mapped = device.platform != "cpu"
        self.most = AT_ONCE if self.mapped else 1

    def compile(
        self, function: Callable[..., Any], shared: Sequence[int] = (), **options: Any
    ) -> Callable[..., Any]:
        """Compile a function; arguments and results have an axis of agents in front.

        Args:
            function: of one agent.
            shared: the arguments that all agents share, which have no such axis.
            options: of ``jax.jit``.
        """

        def of_all(*given: Any) -> Any:
            axes = [None if i in shared else 0 for i in range(len(given))]
            if self.mapped:
                return jax.vmap(function, in_axes=axes)(*given)
            pairs = zip(given, axes, strict=True)
            own = [x if axis is None else jax.tree.map(lambda y: y[0], x) for x, axis in pairs]
            return jax.tree.map(lambda x: x[None], function(*own))

        return jax.jit(of_all, **options)


__all__ = ["Many", "find_device", "jax", "jnp", "optax"]
