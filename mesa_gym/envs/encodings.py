"""Encodings: a trap whose planes are shown in another order, or others, or whose cells in a code.

A method that goes by single planes has a world in which every goal is one. Levels, rules and
objectives do not know of planes, so that solver, oracles and verdicts are the same in each
encoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.engine.chance import hash64
from mesa_gym.envs.observations import UNMET, draw_planes
from mesa_gym.errors import unknown
from mesa_gym.solver import Graph
from mesa_gym.traps import Split, Trap

KEPT = 2  # channels that every encoding leaves: agent and wall
MOST_CHANNELS = 16  # a table of all that a cell can show has 2 ** 16 rows
# Levels of a split whose start states are looked at, and of which every reachable state is.
STARTS, EXPLORED = 1_000, 32


def show_only(trap: Trap, names: Sequence[str]) -> Trap:
    """Return a trap whose cells show some kinds and traits alone, besides agent and wall.

    Hidden ones may be among them, so that what no plane shows is named.

    Raises:
        UnknownNameError: the trap has no kind or trait of a name.
    """
    for name in names:
        if name not in (allowed := (*trap.things, *trap.traits)):
            raise unknown(f"kind or trait of {trap!r}", name, allowed)
    hidden = {name: name for name in names if name not in trap.planes}
    other, planes = copy(trap), (*trap.planes, *hidden)
    # The class's own say how all other traps of it are shown.
    vars(other).update(planes=planes, shown_as={**trap.shown_as, **hidden})
    other.channel = {plane: index for index, plane in enumerate(planes)}
    other.channels = (*trap.channels[:KEPT], *names)
    return other


def shuffle_planes(trap: Trap, salt: str) -> Trap:
    """Return a trap whose planes after agent and wall are observed in another order.

    Raises:
        ValueError: its cells are in a code already, which is of their order.
    """
    if trap.recoding is not None:
        raise ValueError(f"the planes of {trap!r} are mixed; shuffle them before, or leave it out")
    agent, wall, *others = trap.channels
    order = _make_rng("planes", trap, salt)
    other = copy(trap)
    other.channels = (agent, wall, *(others[i] for i in order.permutation(len(others))))
    return other


def mix_planes(trap: Trap, salt: str) -> Trap:
    """Return a trap that shows all of a cell besides agent and wall in a code of the salt.

    An empty cell stays empty, and what looked different still does. Where no kind of cell is new
    under shift, the code is any bijection of kinds. Elsewhere a bijection would make what is new
    unreadable, and it is a linear one: each plane adds (XOR) a pattern of its own, so that a new
    pairing of known planes can be told from others. Of one plane there is one code, the plane.

    It can be observed as ``planes`` in NumPy's environments alone.

    Args:
        trap: with at most 16 channels.
        salt: of the draw.

    Raises:
        ValueError: it has more channels.
    """
    count = len(trap.channels)
    if count > MOST_CHANNELS:
        raise ValueError(
            f"{trap!r} has {count} channels; they can be mixed up to {MOST_CHANNELS}: make it with"
            " fewer copies of planes"
        )
    rng, known = _make_rng("mixed", trap, salt), find_fixed_kinds(trap)
    whole = np.arange(1 << count)
    kinds = whole >> KEPT
    if known is None:
        image = _draw_linear(rng, count - KEPT)
    else:
        image = np.concatenate([[0], 1 + rng.permutation((1 << count - KEPT) - 1)])
    code = whole % (1 << KEPT) | image[kinds] << KEPT
    other = copy(trap)
    other.recoding = (code[:, None] >> np.arange(count) & 1).astype(np.uint8)
    if known is not None:
        other.recoding[~np.isin(kinds, list(known))] = UNMET
    return other


def find_fixed_kinds(trap: Trap) -> set[int] | None:
    """Return the kinds of cells that training shows if no other split shows more, else None.

    A kind is what a cell shows besides agent and wall, bit i for channel i + 2. Those of every
    state that can be reached on some levels are found by the solver, and those of many start
    states besides; levels whose targets are exchanged or taken away, which scores play, count as
    the shift's. Of a trap without exact solver it is None: what it may show is not known.
    """
    if not trap.solvable:
        return None
    known = _find_kinds(trap, trap.levels(Split.TRAIN, np.arange(STARTS)))
    news = (_find_kinds(trap, starts) - known for starts in _draw_others(trap))
    return None if any(news) else known


def _draw_others(trap: Trap) -> Iterator[State]:
    """Yield start states of the splits that are not like training, and those that scores make."""
    for split in (Split.SHIFT, Split.CONTROL):
        starts = trap.levels(split, np.arange(STARTS))
        yield starts
        yield trap.twins(starts)[0]
        for kept in (*trap.find_isolable(), None) if trap.alone else ():
            yield trap.isolate(starts, kept)


def _find_kinds(trap: Trap, starts: State) -> set[int]:
    """Return the kinds of cells in start states, and in all that follows from the first ones."""
    graph = Graph(trap, starts.take(np.arange(EXPLORED)))
    reached = graph.numbers.unrank(graph.starts, graph.level_row, graph.rank)
    found = set[int]()
    for state in (starts, reached):
        kinds = draw_planes(trap, state)[..., KEPT:]
        codes = kinds.reshape(-1, kinds.shape[-1]) @ (1 << np.arange(kinds.shape[-1]))
        found.update(np.unique(codes).tolist())
    return found


def _draw_linear(rng: np.random.Generator, count: int) -> Ints:
    """Return an invertible linear map of ``count`` bits, the code of each number, int64."""
    places = np.arange(count)
    bits = np.arange(1 << count)[:, None] >> places & 1
    while True:
        image: Ints = bits @ rng.integers(2, size=(count, count)) % 2 @ (1 << places)
        if len(np.unique(image)) == len(image):
            return image


def _make_rng(what: str, trap: Trap, salt: str) -> np.random.Generator:
    return np.random.default_rng(hash64(f"{what}|{trap.name()}|{salt}") % 2**64)
