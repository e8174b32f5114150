"""Digests of traps: a finished version never changes, and this is how one would know."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

import numpy as np

from mesa_gym.files import write_text
from mesa_gym.grid import ACTIONS, State
from mesa_gym.grid.bits import below, bits, hash64
from mesa_gym.testing.check import ConformanceError, TrapLike, as_trap
from mesa_gym.traps import Split, Trap

FOLDER = Path("tests/digests")
LEVELS = 32


def digest(trap: TrapLike) -> dict[str, str]:
    """Digests of a trap's first levels and of a fixed rollout on them, for each split.

    Whatever a user can tell from outside is in them: start states, what every step changes, every
    objective's payments and discount, endings and the time limit. They are the same on every
    platform.

    Args:
        trap: a name, an id, a class or a trap.

    Returns:
        ``<split> levels`` and ``<split> rollout`` -> 32 hexadecimal digits.
    """
    made = as_trap(trap)
    found = {}
    for split in Split:
        start = made.levels(split, np.arange(LEVELS))
        found[f"{split.value} levels"] = _hashed(_state_arrays(start))
        found[f"{split.value} rollout"] = _hashed(_rollout(made, split, start))
    return found


def _state_arrays(state: State) -> Iterable[np.ndarray]:
    # Not `count`, which is derived; names in order, since a dict's order is no part of a trap.
    yield from (state.planes, state.hidden, state.cell, state.clock, state.level, state.key)
    for named in (state.vars, state.const):
        yield from (named[name] for name in sorted(named))


def _rollout(trap: Trap, split: Split, start: State) -> Iterable[np.ndarray]:
    horizon = trap.horizon(split)
    actions = below(bits(hash64("digest"), start.level, split.value, 0, horizon), len(ACTIONS))
    yield np.array([trap.discount(name) for name in sorted(trap.objectives)])
    state = start.copy()
    for chosen in actions.T:
        outcome = trap.advance(state, chosen[state.level])
        yield from (outcome.paid[name] for name in sorted(outcome.paid))
        yield outcome.ended
        yield from _state_arrays(state)
        state = state.take((~outcome.ended).nonzero()[0])


def _hashed(arrays: Iterable[np.ndarray]) -> str:
    total = blake2b(digest_size=16)
    for array in arrays:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        total.update(f"{little.dtype.str}{little.shape}".encode())
        total.update(little.tobytes())
    return total.hexdigest()


def check_digest(trap: TrapLike, folder: Path = FOLDER) -> None:
    """A trap still gives the digests that were recorded for its version in ``folder``.

    Raises:
        ConformanceError: they differ, or there are none.
    """
    made = as_trap(trap)
    kept, found = _read(made, folder), digest(made)
    if kept == found:
        return
    if kept is None:
        what = f"{_path(made, folder)} is missing; `make digests` records it"
    else:
        changed = [name for name in found if kept.get(name) != found[name]]
        what = (
            f"{', '.join(changed)} changed, and a finished version never does; make a new version"
            f" (`version = {made.version + 1}`) beside this one, or take the change back"
        )
    raise _failure(made, what)


def record_digest(trap: TrapLike, folder: Path = FOLDER) -> bool:
    """Record a trap's digests in ``folder`` if there are none.

    Returns:
        Whether a file was written.

    Raises:
        ConformanceError: others were recorded; they stay.
    """
    made = as_trap(trap)
    if _read(made, folder) is not None:
        check_digest(made, folder)
        return False
    text = json.dumps({"trap": made.name(), "digests": digest(made)}, indent=2)
    write_text(_path(made, folder), text + "\n")
    return True


def _path(trap: Trap, folder: Path) -> Path:
    return folder / f"{trap.name()}.json"


def _read(trap: Trap, folder: Path) -> dict[str, str] | None:
    path = _path(trap, folder)
    if not path.exists():
        return None
    try:
        kept: dict[str, str] = dict(json.loads(path.read_text())["digests"])
    except (ValueError, KeyError, TypeError) as error:
        what = f"{path} is damaged ({error}); take it from version control again"
        raise _failure(trap, what) from None
    return kept


def _failure(trap: Trap, what: str) -> ConformanceError:
    error = ConformanceError(what)
    error.check, error.trap = "digest", repr(trap)
    return error
