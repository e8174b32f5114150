"""JAX for trainings: a cache of compiled programs, and equal bits on any number of cores.

Import JAX from here: these settings have an effect only before JAX computes something.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from agents import PHASES
from mesa_gym.errors import require_extra, shorten
from mesa_gym.solver.cache import cache_folder, make_private, read_kept, write_kept
from mesa_gym.terminal import printable, say

# XLA splits sums over this many cores, so it affects their order and the exact bits of the weights.
os.environ.setdefault("NPROC", "1")

with require_extra("train"):
    import jax
    import jax.numpy as jnp
    import optax
    from jax import Array as Array
    from jax.sharding import PartitionSpec as P


def open_programs() -> Path | None:
    """Return the cache folder of compiled programs, after deleting damaged programs.

    JAX trusts any file with the right name, so a second file contains a digest of each program's
    name and bytes. Programs also depend on NPROC, which is not part of JAX's file names.

    Returns:
        The folder; None if other users can write to it, or its path has bytes that are not text.
    """
    folder = cache_folder() / f"programs-{os.environ['NPROC']}"
    if not str(folder).isprintable():
        say(f"mesa-gym: the cache {printable(str(folder))} is not used: the locale cannot read it")
        return None
    try:
        make_private(folder)
        for path in folder.glob("*-cache"):
            if not _is_kept(path):
                path.unlink()
    except OSError:
        return None
    return folder


def _is_kept(path: Path) -> bool:
    """Return whether a program's name and bytes match the stored digest."""
    try:
        return read_kept(_digest_file(path)) == _find_digest(path)
    except (OSError, ValueError):
        return False


def keep_programs() -> None:
    """Write the digests of new programs."""
    for path in PROGRAM_FOLDER.glob("*-cache") if PROGRAM_FOLDER else ():
        if not (digest := _digest_file(path)).exists():
            with suppress(OSError):
                write_kept(digest, _find_digest(path))


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix('-cache')}-digest")


def _find_digest(path: Path) -> bytes:
    return blake2b(path.name.encode() + b"\n" + read_kept(path)).digest()


if not __file__.isprintable():  # bytes of a path that the locale's encoding cannot read
    raise ValueError(
        f"JAX cannot compile below {shorten(__file__)}, as the locale cannot read this path;"
        " set PYTHONUTF8=1 or LC_ALL=C.UTF-8"
    )

# Compiling an update takes 5 to 7 seconds, and loading a compiled one half a second.
PROGRAM_FOLDER = open_programs()
jax.config.update("jax_compilation_cache_dir", PROGRAM_FOLDER and str(PROGRAM_FOLDER))
jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
atexit.register(keep_programs)

# The most agents that a GPU trains at once. With 128 environments each, they need a few gigabytes.
AT_ONCE = 256


def find_devices(name: str | None) -> list[Any]:
    """Return the devices of a name, such as ``cuda`` or ``cpu:0``; for None, all that JAX uses.

    Raises ValueError if the device is not available.
    """
    if name is None:
        return jax.devices()
    platform, _, number = name.partition(":")
    try:
        return [jax.devices(platform)[int(number or 0)]]
    except (RuntimeError, ValueError, IndexError):
        here = ", ".join(sorted({device.platform for device in jax.devices()} | {"cpu"}))
        raise ValueError(
            f"device {shorten(name)} is not available; JAX has {here} (for a GPU, install JAX with"
            " CUDA)"
        ) from None


def is_for_cpu() -> bool:
    """Return whether the code that JAX is tracing will run on a CPU."""
    chosen = jax.config.jax_default_device  # type: ignore[attr-defined]
    platform: str = (chosen or jax.devices()[0]).platform
    return platform == "cpu"


class AgentBatch:
    """Batches a per-agent function over agents (vmap) and devices (shard_map).

    A CPU trains agents one by one, because a batch takes longer. A GPU trains them all at once.

    Args:
        devices: the devices, from ``find_devices``.

    Attributes:
        most: the largest number of agents that are trained at once.
    """

    def __init__(self, devices: Sequence[Any]) -> None:
        self.devices = devices
        self.vectorized = devices[0].platform != "cpu"
        self.most = len(devices) * (AT_ONCE if self.vectorized else 1)

    def split(self, agents: Any) -> Iterator[tuple[slice, Any]]:
        """Split a tree of arrays into parts of equal length, which the devices divide evenly.

        Yields (slice of agents, their arrays). The last part is padded with the last agent.
        """
        count = len(jax.tree.leaves(agents)[0])
        # Use as few parts as possible, of one length (one compilation): a multiple of the devices.
        size = -(-count // -(-count // self.most))
        size += -size % len(self.devices)
        for first in range(0, count, size):
            rows = np.minimum(np.arange(first, first + size), count - 1)
            yield slice(first, first + size), jax.tree.map(itemgetter(rows), agents)

    def _find_options(self, brief: bool) -> dict[str, Any]:
        """Return XLA's options for this device, unless the user sets them in XLA_FLAGS.

        On a GPU, autotuning is off: on an H200, compiling an update of 64 agents took 59 seconds
        with autotuning and 11 without, and the program was equally fast. On a CPU, ``brief``
        programs are optimised less, which saves 40% of their compilation and gives equal bits.
        """
        options = {
            "gpu": {"xla_gpu_autotune_level": 0},
            "cpu": {"xla_backend_optimization_level": 1} if brief else {},
        }.get(self.devices[0].platform, {})
        flags = os.environ.get("XLA_FLAGS", "")
        return {name: level for name, level in options.items() if name not in flags}

    def compile(
        self,
        function: Callable[..., Any],
        shared: Sequence[int] = (),
        brief: bool = False,
        **options: Any,
    ) -> Callable[..., Any]:
        """Return a batched function that is compiled at its first call.

        ``function`` is for one agent; arguments and results of the batched function have agents as
        their first axis, except arguments with an index in ``shared``. ``brief`` is for
        programs that run for a short time; ``jax.jit`` takes ``options``.
        """

        def of_device(*args: Any) -> Any:
            axes = [None if i in shared else 0 for i in range(len(args))]
            if self.vectorized:
                return jax.vmap(function, in_axes=axes)(*args)
            pairs = zip(args, axes, strict=True)
            agent_args = [
                x if axis is None else jax.tree.map(lambda y: y[0], x) for x, axis in pairs
            ]
            return jax.tree.map(lambda x: x[None], function(*agent_args))

        def of_all(*args: Any) -> Any:
            axes = tuple(P() if i in shared else P("agents") for i in range(len(args)))
            mesh = jax.sharding.Mesh(np.array(self.devices), ("agents",))
            split = partial(jax.shard_map, mesh=mesh, out_specs=P("agents"), check_vma=False)
            return split(of_device, in_specs=axes)(*args)

        # Profilers and logs of compile times name a program after its function.
        of_device.__name__ = of_all.__name__ = getattr(function, "__name__", "program")
        compiled = jax.jit(of_device if len(self.devices) == 1 else of_all, **options)
        programs = list[Any]()

        def call(*args: Any) -> Any:
            if not programs:
                with PHASES.spend("trace"):
                    lowered = compiled.lower(*args)
                with PHASES.spend("compile or load"):
                    programs.append(lowered.compile(compiler_options=self._find_options(brief)))
                    keep_programs()
            return programs[0](*args)

        return call


__all__ = ["AgentBatch", "find_devices", "is_for_cpu", "jax", "jnp", "optax"]
