"""Gymnasium ids: four for each trap, one a split."""

from __future__ import annotations

from typing import TypeVar

import gymnasium

from mesa_gym.traps import Split, Trap, add_trap, package_traps

TrapClass = TypeVar("TrapClass", bound=type[Trap])


def register_trap(trap: TrapClass) -> TrapClass:
    """Register a trap of your own; it then is one like those of the package.

    ``trap.id()`` is the Gymnasium id whose ``split`` is a keyword (``train`` by default); the ids
    with ``-Test``, ``-Control`` and ``-Shift`` are for code that can pass only an id. Solver, score
    and commands find it by its name; a command imports the module that registers it when that
    stands before the name: ``mesa-gym certify my_traps:Mushrooms``. A trap that is registered
    again replaces the former. It can be used as a decorator.

    Returns:
        The trap.

    Raises:
        ValueError: a trap of the package has that name.
    """
    add_trap(trap)
    _register(trap, trap)
    return trap


def register_all() -> None:
    """Register every trap of the package."""
    for name, trap in package_traps().items():
        _register(trap, name)  # by its name: such a spec can be written as JSON


def _register(trap: type[Trap], given: str | type[Trap]) -> None:
    for split in Split:
        gymnasium.registry.pop(trap.id(split), None)
        gymnasium.register(
            id=trap.id(split),
            entry_point="mesa_gym.envs.single:TrapEnv",
            vector_entry_point="mesa_gym.envs.vector:TrapVectorEnv",
            kwargs={"trap": given, "split": split.value},
        )
