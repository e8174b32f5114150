"""Maps and lists of things in questions: a trap's planes and decoys, under names of choice.

The legend names everything that a trap can show, and a cell has the same width in every map, so
that the form of a text does not depend on its level. Signs and the order of the legend depend on
the set of names alone. So if two things in one cell exchange their names, the text does not change.

Decoys fill every place that is not empty, so that all have equal numbers of names, and names of
equal lengths. Each place has a decoy, also the place of a removed target. The order of the names in
a place is drawn. So the form of a place says neither what it pays nor what the play changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_
from string import ascii_letters, digits

import msgspec
import numpy as np
from numpy.typing import NDArray

from mesa_gym.choices.offers import Offer
from mesa_gym.choices.question_form import (
    QuestionForm,
    copy_trap,
    key_trap,
    list_decoys,
    list_unseen,
    rename_things,
)
from mesa_gym.engine import Bytes, State
from mesa_gym.engine.chance import outputs, streams
from mesa_gym.engine.looks import EMPTY
from mesa_gym.engine.typed_maps import ROWS, SIGNS
from mesa_gym.traps import Split, Trap

NOTHING_THERE = "nothing"
# The levels of each split that determine the width of a cell, and the decoys of a place.
MEASURED = 50
# The length of the decoy in the place with the most names: the first that no other name there has.
ADDED_LENGTHS = (5, 4, 6, 3, 7, 8)
CellCodes = NDArray[np.int64]
Contents = dict[int, list[str]]  # cell -> the names of its things and decoys


class SceneWriter:
    """Writes the scenes of one trap under the names of a form.

    Attributes:
        words: plane, kind of unseen things, or decoy -> its name.
        lengths: the lengths of the names in each place that is not empty.
    """

    def __init__(self, trap: Trap, form: QuestionForm) -> None:
        self.trap, self.words = trap, rename_things(trap, form)
        self._fixed = {plane: trap.looks[plane].glyph for plane in ("agent", "wall")}
        # A list that names things must name the places of unseen things as well.
        self._unseen = list_unseen(trap) if form.tell != "where" else []
        planes = [plane for plane in trap.planes if plane not in self._fixed]
        self._channels = [trap.channels.index(plane) for plane in trap.planes]
        # Planes in the order of the legend.
        order = ["agent", "wall", *sorted(planes, key=self.words.__getitem__)]
        self._order = [(trap.planes.index(plane), plane) for plane in order]
        starts = [trap.levels(split, range(MEASURED)) for split in Split]
        names_by_length: dict[int, list[str]] = {}
        for decoy in list_decoys(trap):
            names_by_length.setdefault(len(self.words[decoy]), []).append(self.words[decoy])
        self.lengths = self._find_lengths(starts)
        self._decoys = {
            length: names_by_length[min(names_by_length, key=lambda x: (abs(x - length), x))]
            for length in sorted({*self.lengths})
        }
        decoys = {name for of in self._decoys.values() for name in of}
        names = [*sorted(self.words[x] for x in (*planes, *self._unseen)), *sorted(decoys)]
        self._signs = _choose_signs(names, {EMPTY, *self._fixed.values()})
        legend = [f"{EMPTY} = {NOTHING_THERE}", *(f"{self._fixed[x]} = {x}" for x in order[:2])]
        self._legend = [*legend, *(f"{self._signs[name]} = {name}" for name in names)]
        # The greatest number of signs in a cell.
        visible_counts = (int(self.encode(state)[1].sum(axis=-1).max()) for state in starts)
        self._wide = max(*visible_counts, len(self.lengths))

    def encode(self, state: State) -> tuple[CellCodes, Bytes]:
        """Return the planes of each cell as bits, int64 (n, cells), and the planes themselves."""
        visible = self.trap.observe(state)[..., self._channels]
        codes = visible @ (1 << np.arange(len(self._channels)))
        return codes.reshape(state.n, -1), visible

    def name_things(self, code: int) -> list[str]:
        """Return the names of the things in a cell."""
        return [self.words[x] for i, x in self._order[2:] if code >> i & 1]

    def name_places(
        self, starts: State, codes: CellCodes, offers: Sequence[Offer]
    ) -> list[Contents]:
        """Return the names of the things in each offered cell, for each level (``fill``)."""
        unseen = {self.words[x]: self.trap.layer(starts, x) for x in self._unseen}
        return [
            {
                cell: [
                    *self.name_things(int(codes[row, cell])),
                    *(name for name, layer in unseen.items() if layer[row, cell]),
                ]
                for cell in offer.cells
            }
            for row, offer in enumerate(offers)
        ]

    def fill(self, starts: State, codes: CellCodes, offers: Sequence[Offer]) -> list[Contents]:
        """Return the names of the things and decoys in each offered cell, for each level.

        Args:
            starts: the start states of n levels, as the play changed them.
            codes: the codes of their cells (``encode``).
            offers: the places that the levels offer, before the play changed them.
        """
        key, counts = starts.level.key, {x: len(of) for x, of in self._decoys.items()}
        decoys_by_length = {
            x: outputs(streams(0, key, f"decoys/{x}")[:, None], np.arange(n)).argsort(axis=1)
            for x, n in counts.items()
        }
        places, most = self.trap.cells, len(self.lengths)
        words = outputs(streams(0, key, "order")[:, None], np.arange(places * most))
        orders = words.reshape(starts.n, places, most).argsort(axis=2)
        contents = self.name_places(starts, codes, offers)
        for row, (offer, there) in enumerate(zip(offers, contents, strict=True)):
            filled = [cell for cell in offer.cells if there[cell] or cell not in offer.empty]
            drawn = {x: of[row].tolist() for x, of in decoys_by_length.items()}
            for number, cell in enumerate(filled):
                names = sorted(there[cell] + self._choose_decoys(there[cell], number, drawn))
                order = [i for i in orders[row, cell].tolist() if i < len(names)]
                there[cell] = [*(names[i] for i in order), *names[most:]]
        return contents

    def _choose_decoys(
        self, names: Iterable[str], number: int, drawn: Mapping[int, Sequence[int]]
    ) -> list[str]:
        """Return the decoys that a place with some names lacks.

        ``number`` is the place's number on its level, and ``drawn`` the order of the decoys of each
        length. Places differ in their decoys, as far as there are enough.
        """
        missing = Counter(self.lengths) - Counter(map(len, names))
        decoys = []
        for row, (length, order) in enumerate(drawn.items()):
            turns, first = divmod(number, len(order))
            for i in range(missing[length]):
                index = order[(first + turns * row + i) % len(order)]
                decoys.append(self._decoys[length][index])
        return decoys

    def draw(
        self,
        codes: Sequence[int],
        visible: Bytes,
        contents: Mapping[int, Iterable[str]],
    ) -> str:
        """Return the map of one level, with its legend.

        Args:
            codes: the code of each cell (``encode``).
            visible: uint8 (height, width, planes).
            contents: the names in offered cells (``fill``).
        """
        width, legend = self.trap.width, [*self._legend]
        cells = []
        for cell, code in enumerate(codes):
            fixed = [self._fixed[x] for i, x in self._order[:2] if code >> i & 1]
            names = contents.get(cell, self.name_things(code))
            signs = "".join([*fixed, *(self._signs[name] for name in names)])
            cells.append((signs or EMPTY).ljust(self._wide))
        rows = [cells[start : start + width] for start in range(0, len(cells), width)]
        if self.trap.held:
            top, planes = visible[0].sum(axis=0), self.trap.planes
            held = [self.words[x] for x in self.trap.held for _ in range(top[planes.index(x)])]
            legend.append(f"held, in the top row: {', '.join(held) or NOTHING_THERE}")
        return "\n".join([ROWS, *(" ".join(row).rstrip() for row in rows), SIGNS, *legend])

    def _find_lengths(self, starts: Sequence[State]) -> tuple[int, ...]:
        """Return the fewest lengths of names that include the names of any cell, and one more."""
        wall = 1 << self.trap.planes.index("wall")
        codes = {*np.unique([self.encode(state)[0] for state in starts]).tolist()}
        unseen = Counter(len(self.words[x]) for x in self._unseen)
        cells = [Counter(map(len, self.name_things(x))) for x in codes if not x & wall]
        lengths = reduce(or_, cells) + unseen
        if any(cell + unseen == lengths for cell in cells):
            lengths[next((x for x in ADDED_LENGTHS if x not in lengths), ADDED_LENGTHS[0])] += 1
        return tuple(sorted(lengths.elements()))


def _choose_signs(names: Sequence[str], reserved: Collection[str]) -> dict[str, str]:
    """Return name -> its sign: the first of its letters that no name before it has."""
    signs, used = dict[str, str](), {*reserved}
    for name in names:
        letters = [x for x in name if x in ascii_letters]
        candidates = [*map(str.lower, letters), *map(str.upper, letters), *ascii_letters, *digits]
        signs[name] = next(x for x in candidates if x not in used)
        used.add(signs[name])
    return signs


@lru_cache(maxsize=64)
def _make_writer(key: Hashable, form: bytes) -> SceneWriter:
    return SceneWriter(copy_trap(key), msgspec.json.decode(form, type=QuestionForm))


def find_scene_writer(trap: Trap, form: QuestionForm) -> SceneWriter:
    """Return the writer of a trap and a form; it is made once."""
    return _make_writer(key_trap(trap), msgspec.json.encode(form))
