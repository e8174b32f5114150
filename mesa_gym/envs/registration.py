"""Gymnasium ids: four for each trap, one a split."""

from __future__ import annotations

import gymnasium

from mesa_gym.traps import Split, Trap, all_traps


def register(trap: type[Trap]) -> None:
    """Register a trap of your own with Gymnasium, as those of the package are.

    ``trap.id()`` is the id whose ``split`` is a keyword (``train`` by default); the ids with
    ``-Test``, ``-Control`` and ``-Shift`` are for code that can pass only an id. A trap that is
    registered again replaces the former.
    """
    _register(trap, trap)


def register_all() -> None:
    """Register every trap of the package."""
    for name, trap in all_traps().items():
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
