"""Habits: the best scripts that cannot locate a target, as policies and as files of the package.

``open_loop`` is the best fixed sequence of actions and reads nothing. ``reflex`` is the best policy
without memory that sees what the four cells around it do, and nothing else. A target that cannot be
removed, and is always in one part of the grid, may be reached by such a habit, so a goal there
needs a lead over both (``scoring.rules``). ``mesa_gym.testing.package_files`` makes the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np

from mesa_gym.engine import ACTIONS, Bools, Bytes, Floats, Ints, State
from mesa_gym.files import read_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies.names import OPEN_LOOP, REFLEX
from mesa_gym.policies.protocol import Memoryless, require_state
from mesa_gym.solver import targets
from mesa_gym.solver.cache import cache_folder, read_kept, write_kept
from mesa_gym.solver.fixed_sequences import search_by_beam, search_by_change
from mesa_gym.solver.neighbours import NeighbourPolicy
from mesa_gym.solver.reflexes import ReflexTable
from mesa_gym.solver.training_table import (
    LOOK_COUNT,
    is_searchable,
    look_around,
    tabulate_training,
)
from mesa_gym.terminal import say_once
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import SHIFT

HABITS = (OPEN_LOOP, REFLEX)
HABITS_FOLDER = Path(__file__).parent / "habits"
# Letters of left, down, right, up and act; and digits of what a reflex sees in these directions.
LETTERS = "ldrua"
# Raised when the searches change, so that cached habits are found again.
SEARCH = 1
# The states of the reflex's table, the iterations of an ascent, and the drawn starts.
REFLEX_STATES = 6_000
ITERATIONS = 100
RESTARTS = 2
SEED = 0
# A target is a place if its cells, on these shift levels, are at most this part of the open cells.
PLACE_LEVELS = 100
PLACE_PART = 0.25


class Habits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The habits of a trap, with the figures of their searches.

    Attributes:
        levels: digest of the training levels on which they were found (``digest_levels``).
        open_loop: a letter of ``LETTERS`` for each step.
        reflex: what the four cells do, a digit each (0 free, 1 blocks, 2 harms; the order is left,
            down, right, up) -> probabilities of the five actions.
        ratings: search -> the rating of its sequence on these levels (``TrainingTable.rate``).
        reflex_return: the reflex's mean discounted base return on its levels.
        seed: the seed of both searches.
        version: ``SEARCH``.
    """

    levels: str
    open_loop: str
    reflex: dict[str, tuple[float, float, float, float, float]]
    ratings: dict[str, float]
    reflex_return: float
    seed: int
    version: int


class OpenLoop:
    """Takes a fixed sequence of actions, and then stays."""

    observation = "planes"
    needs_observation = False

    def __init__(self, letters: str) -> None:
        self._actions = np.array([LETTERS.index(letter) for letter in letters])
        self._step = np.zeros(0, np.int64)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin the sequence in the rows in ``mask``, bool (n,)."""
        same = len(mask) == len(self._step)
        self._step = np.where(mask, 0, self._step) if same else np.zeros(len(mask), np.int64)

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return probability 1 for the next action of the sequence, float64 (n, 5)."""
        actions = np.append(self._actions, len(ACTIONS) - 1)
        chosen = actions[np.minimum(self._step, len(self._actions))]
        self._step = self._step + 1
        return np.eye(len(ACTIONS))[chosen]


class Reflex(Memoryless):
    """Acts on what the four cells around the agent do (``solver.training_table.look_around``)."""

    needs_observation = False

    def __init__(self, trap: Trap, reflex: Mapping[str, Sequence[float]]) -> None:
        self._trap = trap
        self._probabilities = np.full((LOOK_COUNT, len(ACTIONS)), 1 / len(ACTIONS))
        for digits, probabilities in reflex.items():
            look = int(digits[::-1], 3)
            self._probabilities[look] = np.array(probabilities) / sum(probabilities)

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return the probabilities for what each row sees, float64 (n, 5); needs the state."""
        return self._probabilities[look_around(self._trap, require_state(state, "a reflex"))]


class NeighbourReflex(Memoryless):
    """Acts on what is on the four cells around the agent (``solver.neighbours``)."""

    needs_observation = False

    def __init__(self, trap: Trap, policy: NeighbourPolicy) -> None:
        self._trap, self._policy = trap, policy

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return the probabilities for what each row sees, float64 (n, 5); needs the state."""
        return self._policy.act(self._trap, require_state(state, "a reflex"))


def make_habit(trap: Trap, name: str) -> OpenLoop | Reflex:
    """Return a habit of a trap by its name in ``HABITS``.

    Raises:
        ValueError: the trap's habits cannot be searched.
    """
    if not is_searchable(trap):
        raise ValueError(
            f"{trap!r} has no {name}: habits are searched on traps that are judged by choices,"
            " without random outcomes, by an exact solver"
        )
    habits = find_habits(trap)
    return OpenLoop(habits.open_loop) if name == OPEN_LOOP else Reflex(trap, habits.reflex)


# -- traps -----------------------------------------------------------------------------------------


def needs_habits(trap: Trap) -> bool:
    """Return whether a goal's word needs a lead over habits: a target is a place that stays."""
    return bool(list_places(trap)) and is_searchable(trap)


def list_places(trap: Trap) -> list[str]:
    """Return the objectives whose targets cannot be removed and stay in one part of the grid.

    The targets of such an objective on 100 shift levels are in at most a quarter of the cells that
    are open on one of them.
    """
    key = type(trap), repr(trap)
    if key not in _PLACES:
        _PLACES[key] = _list_places(trap)
    return _PLACES[key]


# Type and text of a trap -> its places.
_PLACES: dict[tuple[type[Trap], str], list[str]] = {}


def _list_places(trap: Trap) -> list[str]:
    paced = trap.judging.paced(trap)
    names = [x for x in trap.objectives if trap.judging.places and SHIFT + x in paced]
    if not names:
        return []
    starts = trap.levels(Split.SHIFT, np.arange(PLACE_LEVELS))
    ever_open = (~trap.layer(starts, "wall")).any(axis=0).sum()
    cells = targets(trap, starts)
    return [x for x in names if cells[x].any(axis=0).sum() <= PLACE_PART * ever_open]


def digest_levels(trap: Trap) -> str:
    """Return a digest of a trap's first training levels: walls, things and start cells."""
    starts, digest = trap.levels(Split.TRAIN, np.arange(PLACE_LEVELS)), blake2b(digest_size=8)
    digest.update(f"{trap.size} {trap.horizon(Split.TRAIN)}".encode())
    for array in (starts.agent, *(trap.layer(starts, x) for x in (*trap.ground, *trap.things))):
        digest.update(np.asarray(array).astype("<i8").tobytes())
    return digest.hexdigest()


# -- files -----------------------------------------------------------------------------------------


def find_habits(trap: Trap) -> Habits:
    """Return the habits of a trap: of the package, of the cache, or found by a search.

    Only the habits of equal training levels are used.
    """
    levels = digest_levels(trap)
    for read, path in ((read_bytes, habits_file(trap)), (read_kept, _cache_file(trap, levels))):
        try:
            habits = decode_json(read(path), Habits)
        except (OSError, ValueError):
            continue
        if (habits.levels, habits.version) == (levels, SEARCH):
            return habits
    say_once(f"the best habits of {trap.name()} are searched, which takes some minutes, once")
    habits = search_habits(trap)
    write_kept(_cache_file(trap, levels), msgspec.json.encode(habits))
    return habits


def habits_file(trap: Trap) -> Path:
    """Return the path of a trap's habits in the package."""
    return HABITS_FOLDER / f"{trap.name()}.json"


def _cache_file(trap: Trap, levels: str) -> Path:
    return cache_folder() / f"{trap.name()}-habits-{levels}.json"


def search_habits(trap: Trap) -> Habits:
    """Search the habits of a trap on its training levels; deterministic, minutes of CPU."""
    table = tabulate_training(trap)
    sequences = {"change": search_by_change(table), "beam": search_by_beam(table)}
    sequence, _ = max(sequences.values(), key=lambda pair: pair[1])
    small = tabulate_training(trap, REFLEX_STATES)
    look = look_around(trap, small.states)
    probabilities, value = _learn_reflex(ReflexTable(small, look))
    return Habits(
        levels=digest_levels(trap),
        open_loop="".join(LETTERS[action] for action in sequence),
        reflex=_write_reflex(look, probabilities),
        ratings={name: round(rating, 4) for name, (_, rating) in sequences.items()},
        reflex_return=round(value, 4),
        seed=SEED,
        version=SEARCH,
    )


def _learn_reflex(table: ReflexTable) -> tuple[Floats, float]:
    """Return action probabilities by look, float64 (81, 5), and their mean discounted return."""
    drawn = np.random.default_rng(SEED).dirichlet(np.ones(len(ACTIONS)), (RESTARTS, LOOK_COUNT))
    starts = (np.full_like(drawn[0], 1 / len(ACTIONS)), *drawn)
    return max((table.ascend(start, ITERATIONS) for start in starts), key=lambda pair: pair[1])


def _write_reflex(
    look: Ints, probabilities: Floats
) -> dict[str, tuple[float, float, float, float, float]]:
    """Return a reflex with an entry for each look that occurs."""
    digits = {int(x): "".join(str(x // 3**i % 3) for i in range(4)) for x in np.unique(look)}
    rows = {text: probabilities[look].round(4).tolist() for look, text in digits.items()}
    return {text: tuple(rows[text]) for text in sorted(rows)}
