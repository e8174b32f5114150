"""Registering traps with Gymnasium, and making environments for torch and JAX."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import gymnasium
from gymnasium.envs.registration import EnvSpec

from mesa_gym.envs.settings import Settings, require_split
from mesa_gym.errors import shorten
from mesa_gym.traps import Split, Trap, add_trap, find_trap, package_traps, parse_id
from mesa_gym.traps.trap import NAMESPACE

if TYPE_CHECKING:
    from mesa_gym.envs.jax_env import JaxEnv
    from mesa_gym.envs.tensors import TensorEnv

TrapClass = TypeVar("TrapClass", bound=type[Trap])
ENTRY_POINTS: dict[str, Any] = {
    "entry_point": "mesa_gym.envs.single:TrapEnv",
    "vector_entry_point": "mesa_gym.envs.vector:TrapVectorEnv",
}


def register_trap(trap: TrapClass) -> TrapClass:
    """Register your own trap, with ids like those of the package's traps.

    ``trap.id()`` is the Gymnasium id that accepts the keyword ``split`` (``train`` by default). For
    code that can pass only an id, there are ids with ``-Test``, ``-Control`` and ``-Shift``, and
    each of these with ``-Flat`` (a vector observation): ``MesaGym/RedBlueDoors-Shift-Flat-v0``.
    The solver, scoring and the commands accept the trap's name. A command imports the module that
    registers the trap if the module precedes the name: ``mesa-gym certify my_traps:Mushrooms``. A
    second registration of a trap replaces the first. The function can be used as a decorator. It
    leaves a trap in ``mesa_gym/traps``, which is registered already, as it is.

    Returns:
        The trap.

    Raises:
        ValueError: a trap of the package has that name.
    """
    if add_trap(trap):
        _register(trap)
    return trap


def register_id(id: str, trap: str | type[Trap], **keywords: object) -> None:
    """Register your own id for a trap with keywords, including their time limit.

    ``mesa_gym.register_id("Small/CheeseCorner-v0", "CheeseCorner", size=7)``. For the package's
    ids only the environment knows the limit, because it depends on ``size`` and ``max_steps``.
    Here the registry stores it too, and ``gymnasium.make`` adds a ``TimeLimit``. Libraries that
    take an id can then read ``gymnasium.spec(id).max_episode_steps`` or ``env._max_episode_steps``.

    Args:
        id: the id, ``namespace/Name-v0``; the namespace is optional.
        trap: a name or id, such as ``MesaGym/RedBlueDoors-Flat-v0``, or a trap's class.
        **keywords: the keywords of ``TrapEnv``. Pass a time limit here and not to ``make``: the
            ``TimeLimit`` cuts a longer limit to this one.

    Raises:
        TypeError, ValueError: a keyword is unknown or does not fit, or the id is not text or
            belongs to the package.
        gymnasium.error.Error: the id cannot be registered.
    """
    if not isinstance(id, str):
        raise ValueError(f"the id {shorten(id)} is not text; expected one such as 'Mine/Corner-v0'")
    # The package's ids are also accepted without their namespace, so these are taken as well.
    if id.startswith(f"{NAMESPACE}/") or parse_id(id):
        raise ValueError(f"the id {id!r} is the package's; give yours a namespace, such as Mine/")
    settings_kwargs = _read_id(trap, keywords)
    settings = Settings(**settings_kwargs)
    gymnasium.register(
        id,
        **ENTRY_POINTS,
        reward_threshold=settings.trap.reward_threshold if settings.pays_base else None,
        max_episode_steps=settings.max_steps,
        kwargs=settings_kwargs,
    )


def register_all() -> None:
    """Register every trap of the package."""
    for trap in package_traps().values():
        _register(trap)


def _register(trap: type[Trap]) -> None:
    name = trap.name()
    # A trap of the package is stored by name, so that the spec can be written as JSON.
    trap_argument = name if package_traps().get(name) is trap else trap
    for split in Split:
        kwargs: dict[str, Any] = {"trap": trap_argument, "split": split.value}
        for flat in (False, True):
            id, more = trap.id(split, flat), {"observation": "flat"} if flat else {}
            # Like `gymnasium.register`, without its comparison with every registered id.
            gymnasium.registry[id] = EnvSpec(
                id=id, **ENTRY_POINTS, reward_threshold=trap.reward_threshold, kwargs=kwargs | more
            )


def make_torch(id: str, num_envs: int, **keywords: object) -> TensorEnv:
    """Make n environments on a device, which take and return tensors without waiting for the host.

    Args:
        id: a name or id, such as ``RedBlueDoors`` or ``MesaGym/RedBlueDoors-Shift-v0``.
        num_envs: the number of environments.
        **keywords: the keywords of ``TensorEnv``, such as ``device`` and ``seed``.

    Raises:
        ImportError: torch is not installed; the message names the extra.

    Example:
        >>> import mesa_gym, torch
        >>> env = mesa_gym.make_torch("CheeseCorner", 4)
        >>> observation, infos = env.reset(seed=0)
        >>> observation, reward, *_ = env.step(torch.zeros(4, dtype=int))
        >>> reward.shape
        torch.Size([4])
    """
    from mesa_gym.envs.tensors import TensorEnv

    return TensorEnv(num_envs=num_envs, **_read_id(id, keywords))


def make_jax(
    trap: str | type[Trap] | Trap, num_envs: int | None = None, **keywords: object
) -> JaxEnv:
    """Make one environment, or n, with pure functions for compiled JAX code.

    Args:
        trap: a name or id, such as ``RedBlueDoors`` or ``MesaGym/RedBlueDoors-Shift-v0``, or a
            trap.
        num_envs: the number of environments, the first axis of all arrays; None for one
            environment without this axis, whose functions ``jax.vmap`` batches.
        **keywords: the keywords of ``JaxEnv``, such as ``split`` and ``num_levels``.

    Raises:
        ImportError: JAX is not installed; the message names the extra.

    Example:
        >>> import jax, mesa_gym
        >>> env = mesa_gym.make_jax("CheeseCorner", 4)
        >>> observation, state = jax.jit(env.reset)(jax.random.key(0))
        >>> observation.shape
        (4, 9, 9, 3)
        >>> one = mesa_gym.make_jax("CheeseCorner")
        >>> observation, state = jax.vmap(one.reset)(jax.random.split(jax.random.key(0), 4))
        >>> observation.shape
        (4, 9, 9, 3)
    """
    from mesa_gym.envs.jax_env import JaxEnv

    return JaxEnv(num_envs=num_envs, **_read_id(trap, keywords))


def _read_id(trap: str | type[Trap] | Trap, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of an id (or ``trap`` if it is not text), updated with ``keywords``."""
    if not isinstance(trap, str):
        return {"trap": trap} | keywords
    spec = gymnasium.spec(find_id(trap))
    kwargs: dict[str, Any] = spec.kwargs | keywords
    require_split(spec.id, kwargs.get("split", "train"))
    return kwargs


def find_id(name: str) -> str:
    """Return the registered id for a name, with or without namespace and version.

    If a module precedes the name, as in ``my_traps:Mushrooms``, the module is imported.

    Raises:
        UnknownNameError: the name is unknown; the message suggests the nearest name.
    """
    module, _, id_name = name.rpartition(":")
    if module and not module.endswith(".py"):
        import_module(module)
    spec = gymnasium.registry.get(id_name)
    if spec is not None and spec.entry_point == ENTRY_POINTS["entry_point"]:
        return id_name  # ids of `register_id` too
    if (named := parse_id(id_name)) is None:
        return find_trap(name).id()
    trap, split, flat = named
    return trap.id(split, flat)
