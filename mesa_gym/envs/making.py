"""Registering traps with Gymnasium, and making environments for other libraries."""

from __future__ import annotations

from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

import gymnasium
from gymnasium.envs.registration import EnvSpec

from mesa_gym.envs.settings import Settings, require_split
from mesa_gym.errors import shorten
from mesa_gym.traps import Split, Trap, add_trap, all_traps, find_trap, package_traps
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
    """Register a trap of your own, with ids like those of the package's traps.

    ``trap.id()`` is the Gymnasium id whose ``split`` is a keyword (``train`` by default). For code
    that can pass only an id there are those with ``-Test``, ``-Control`` and ``-Shift``, and one
    more of each with ``-Flat``, which observes a vector: ``MesaGym/RedBlueDoors-Shift-Flat-v0``.
    Solver, score and commands find the trap by its name; a command imports the module that
    registers it when that stands before the name: ``mesa-gym certify my_traps:Mushrooms``. A trap
    that is registered again replaces the former. It can be used as a decorator.

    Returns:
        The trap.

    Raises:
        ValueError: a trap of the package has that name, or the class lies in ``mesa_gym/traps``.
    """
    add_trap(trap)
    _register(trap)
    return trap


def register_id(id: str, trap: str | type[Trap], **keywords: Any) -> None:
    """Register an id of your own: a trap with keywords, and with their time limit.

    ``mesa_gym.register_id("Small/CheeseCorner-v0", "CheeseCorner", size=7)``. In the ids of the
    package the limit is the environment's alone, since it follows from ``size`` and ``max_steps``.
    Here the registry knows it too, and ``gymnasium.make`` adds a ``TimeLimit``: for libraries that
    take an id and read ``gymnasium.spec(id).max_episode_steps`` or ``env._max_episode_steps``.

    Args:
        id: the id, ``namespace/Name-v0``; the namespace may be left out.
        trap: a name or id, such as ``MesaGym/RedBlueDoors-Flat-v0``, or a trap's class.
        **keywords: those of ``TrapEnv``. They are to stand here, not in ``make``: another limit
            given there is cut to this one.

    Raises:
        TypeError, ValueError: a keyword is unknown or does not fit, or the id is the package's or
            no text.
        gymnasium.error.Error: the id cannot be registered.
    """
    if not isinstance(id, str):
        raise ValueError(f"the id {shorten(id)} is not text; expected one such as 'Mine/Corner-v0'")
    # Our functions take the package's ids without their namespace too.
    if id.startswith(f"{NAMESPACE}/") or _find_own_id(id):
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
    # By its name where it is the package's: such a spec can be written as JSON.
    trap_argument = name if package_traps().get(name) is trap else trap
    for split in Split:
        kwargs: dict[str, Any] = {"trap": trap_argument, "split": split.value}
        for flat in (False, True):
            id, more = trap.id(split, flat), {"observation": "flat"} if flat else {}
            # As `register` does, without its comparison with every id that there is.
            gymnasium.registry[id] = EnvSpec(
                id=id, **ENTRY_POINTS, reward_threshold=trap.reward_threshold, kwargs=kwargs | more
            )


def make_torch(id: str, num_envs: int, **keywords: Any) -> TensorEnv:
    """Make n environments on a device: tensors in and out, nothing waits for the host.

    Args:
        id: a name or id, such as ``RedBlueDoors`` or ``MesaGym/RedBlueDoors-Shift-v0``.
        num_envs: how many environments.
        **keywords: those of ``TensorEnv``, such as ``device`` and ``seed``.

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


def make_jax(trap: str | type[Trap] | Trap, num_envs: int, **keywords: Any) -> JaxEnv:
    """Make n environments as pure functions ``reset`` and ``step``, for compiled JAX.

    Args:
        trap: a name or id, such as ``RedBlueDoors`` or ``MesaGym/RedBlueDoors-Shift-v0``, or a
            trap.
        num_envs: how many environments.
        **keywords: those of ``JaxEnv``, such as ``split`` and ``num_levels``.

    Raises:
        ImportError: JAX is not installed; the message names the extra.

    Example:
        >>> import jax, mesa_gym
        >>> env = mesa_gym.make_jax("CheeseCorner", 4)
        >>> observation, state = jax.jit(env.reset)(jax.random.key(0))
        >>> observation.shape
        (4, 9, 9, 3)
    """
    from mesa_gym.envs.jax_env import JaxEnv

    return JaxEnv(num_envs=num_envs, **_read_id(trap, keywords))


def _read_id(trap: str | type[Trap] | Trap, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of a registered id, or ``trap`` itself, with ``keywords`` added."""
    if not isinstance(trap, str):
        return {"trap": trap} | keywords
    spec = gymnasium.spec(find_id(trap))
    kwargs: dict[str, Any] = spec.kwargs | keywords
    require_split(spec.id, kwargs.get("split", "train"))
    return kwargs


def find_id(name: str) -> str:
    """Return the registered id of a name, with or without namespace and version.

    A module may stand before the name, ``my_traps:Mushrooms``; it is imported.

    Raises:
        UnknownNameError: the name is unknown; the message names the nearest.
    """
    module, _, id_name = name.rpartition(":")
    if module and not module.endswith(".py"):
        import_module(module)
    spec = gymnasium.registry.get(id_name)
    if spec is not None and spec.entry_point == ENTRY_POINTS["entry_point"]:
        return id_name  # of `register_id` too
    return _find_own_id(id_name) or find_trap(name).id()


def _find_own_id(name: str) -> str | None:
    """Return the package's id for a name without its namespace or version; None without one."""
    lowered = name.removeprefix(f"{NAMESPACE}/").lower()
    for trap in sorted(all_traps().values(), key=lambda trap: -trap.version):
        for split, flat in product(Split, (False, True)):
            stem = trap.id(split, flat).removeprefix(f"{NAMESPACE}/").lower()
            if lowered in (stem, stem.rpartition("-")[0]):
                return trap.id(split, flat)
    return None
