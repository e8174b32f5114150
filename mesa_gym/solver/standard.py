"""Values of standard levels, a part of the package, so that users need not solve these levels.

The standard levels are the first levels of each split of the package's traps, with the usual
keywords and time limit, and without a salt. A file of a trap contains the solver's values of these
levels for each split. A digest of each split covers its values, its levels, and one episode of
random actions on each level, so that an edited file, level or rule is noticed. Such values are then
refused, and the levels are solved. ``python -m mesa_gym.testing.standard_values`` makes the files.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from zipfile import ZIP_LZMA, ZipFile, ZipInfo

import numpy as np

from mesa_gym.engine import ACTIONS, Ints, State
from mesa_gym.engine.chance import below, outputs, streams
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.solver.cache import Arrays, ImpossibleValueError, identify, say_once
from mesa_gym.traps import Split, Trap

STANDARD_FOLDER = Path(__file__).parent / "standard"
# The number of standard levels of a split, on which agents are scored by default.
EVALUATION_LEVELS = 1000
_OF = "of"  # identifies the levels and values of a split
_TRAPS = Trap.__module__.rpartition(".")[0]

T = TypeVar("T")


def find_standard(trap: Trap, split: Split, numbers: Ints, horizon: int, salt: str) -> Path | None:
    """Return the file with values of some levels; None if they are not the standard levels."""
    cls = type(trap)
    module = sys.modules.get(cls.__module__)
    if (
        salt
        or len(numbers) != EVALUATION_LEVELS
        or not np.array_equal(numbers, np.arange(EVALUATION_LEVELS))
        # A user's trap may have the name of a trap of the package, or inherit from it.
        or not cls.__module__.startswith(f"{_TRAPS}.")
        or getattr(module, cls.__qualname__, None) is not cls
        or repr(trap) != repr(cls())
        or horizon != trap.horizon(split)
    ):
        return None
    path = STANDARD_FOLDER / f"{trap.name()}.npz"
    return path if path.is_file() else None


def read_standard(
    path: Path, trap: Trap, split: Split, starts: State, parse: Callable[[Arrays], T]
) -> T | None:
    """Return ``parse`` of a split's values; None, after one printed line, if they are refused.

    Args:
        path: the trap's file, of ``find_standard``.
        trap: the trap.
        split: the split.
        starts: the start states of the split's standard levels, as they were drawn.
        parse: takes the arrays, and raises an error for arrays that are not values.
    """
    prefix = f"{split.value}|"
    try:
        # Read from memory, because np.load would leave a damaged file open.
        with np.load(BytesIO(read_bytes(path)), allow_pickle=False) as file:
            names = [name for name in file.files if name.startswith(prefix)]
            arrays = {name.removeprefix(prefix): file[name] for name in names}
        if str(arrays.pop(_OF)) != identify(_name_levels(trap, split, starts), arrays):
            raise ImpossibleValueError("the values, the levels or the trap's rules were changed")
        return parse({"numbers": starts.level.number, **arrays})
    except ImpossibleValueError as error:
        reason = str(error)
    except Exception as error:  # damage makes NumPy, zipfile and lzma raise almost anything
        reason = f"the file is damaged ({type(error).__name__})"
    say_once(f"the package's values {path} are refused, and the levels are solved: {reason}")
    return None


def write_standard(
    trap: Trap, solved: Mapping[Split, tuple[State, Arrays]], folder: Path = STANDARD_FOLDER
) -> Path:
    """Write the file of a trap; equal values give equal bytes.

    Args:
        trap: a trap of the package, with its usual keywords.
        solved: split -> the start states of its standard levels, and the arrays of their values.
        folder: the folder of the file.

    Returns:
        The file.
    """
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        for split, (starts, arrays) in solved.items():
            kept = {name: array for name, array in arrays.items() if name != "numbers"}
            of = np.array(identify(_name_levels(trap, split, starts), kept))
            for name, array in {**kept, _OF: of}.items():
                member = BytesIO()
                np.lib.format.write_array(member, array, allow_pickle=False)
                info = ZipInfo(f"{split.value}|{name}.npy")  # with a constant date
                file.writestr(info, member.getvalue(), ZIP_LZMA)
    path = folder / f"{trap.name()}.npz"
    write_bytes(path, buffer.getvalue())
    return path


def _name_levels(trap: Trap, split: Split, starts: State) -> str:
    """Return trap, split and time limit, followed by a digest of levels and rules.

    The digest covers all arrays of the start states, and the payments, ends and cells of an episode
    of random actions on each level.
    """
    digest, horizon = blake2b(digest_size=16), trap.horizon(split)
    for name, array in sorted(_list_arrays(starts)):
        digest.update(f"{name} {array.shape}".encode() + _to_bytes(array))
    state, stream = starts, streams(0, starts.level.key, "standard")
    for _ in range(horizon):
        state, rewards, ended = trap.step(state, below(outputs(stream, state.clock), len(ACTIONS)))
        for array in (state.agent, ended, *(rewards[x] for x in trap.objectives)):
            digest.update(_to_bytes(array))
        if ended.all():
            break
        if ended.any():
            state, stream = state.take(~ended), stream[~ended]
    discounts = {x: trap.discount(x) for x in trap.objectives}
    return f"{trap!r} {split.value} {horizon} {discounts} {digest.hexdigest()}"


def _list_arrays(state: Any, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the array of each field of a state, its tables and traits included."""
    fields = state._asdict() if hasattr(state, "_asdict") else state
    if not isinstance(fields, dict):
        yield name, np.asarray(fields)
        return
    for key, field in fields.items():
        yield from _list_arrays(field, f"{name}/{key}")


def _to_bytes(array: np.ndarray) -> bytes:
    """Return the bytes of an array, equal on all platforms."""
    return array.astype("<f8" if array.dtype.kind == "f" else "<i8").tobytes()
