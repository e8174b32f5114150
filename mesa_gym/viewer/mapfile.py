"""Save a state as a text file that a person can read, change and load: a map of ``engine.maps``.

A person may change the map to ask "what if the door were red?"; loading checks it. A model's
observation ``text`` can be loaded too. Loading executes no code from the file.
"""

from __future__ import annotations

from pathlib import Path

from mesa_gym.engine import State
from mesa_gym.engine.maps import IS, from_map, to_map
from mesa_gym.files import read_bytes, write_text
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.scoring.record import rollout
from mesa_gym.traps import LEVELS, Trap


def save_map(path: Path, trap: Trap, state: State) -> None:
    """Write a state, a batch of one, whole or not at all; ``load_map`` restores it bit for bit.

    Raises:
        ValueError: the trap stores numbers outside the grid.
        OSError: the file cannot be written.
    """
    _require_whole(trap)
    write_text(path, to_map(trap, state, hidden=True) + "\n")


def load_map(path: Path, trap: Trap, horizon: int) -> State:
    """Read a map of ``save_map``, which a person may have changed, or an observation ``text``.

    Returns:
        A batch of one.

    Raises:
        ValueError: the file is not a map of a state that the trap can have before its time limit;
            the message names the file and what is wrong.
        OSError: the file cannot be read.
    """
    try:
        _require_whole(trap)
        state = from_map(trap, read_bytes(path).decode("utf-8-sig"))
        ranges = {"level": (state.level.number, LEVELS), "clock": (state.clock, horizon)}
        for name, (value, end) in ranges.items():
            if not 0 <= value[0] < end:
                raise ValueError(f"{name}{IS}{value[0]}: expected 0 to {end - 1}")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be played: {error}") from None
    return state


def can_reach_target(trap: Trap, state: State, horizon: int) -> bool:
    """Return whether the pursuer of at least one objective is rewarded from a state."""
    for objective in trap.objectives:
        walker = as_policy(name_pursuer(trap, objective), trap, horizon)
        if rollout(walker, trap, state, horizon).paid[objective].any():
            return True
    return False


def _require_whole(trap: Trap) -> None:
    """Raise ValueError if a level of the trap has data outside its grid, such as hidden numbers."""
    if trap.const:
        kept = " and ".join(trap.const)
        raise ValueError(
            f"{trap.name()} has no maps: it keeps {kept} beside the grid, which may name cells"
        )
