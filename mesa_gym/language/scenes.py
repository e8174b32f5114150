"""Maps and lists of things in questions: a trap's planes and decoys, under names of choice.

The legend names everything that a trap can show, and a cell has the same width in every map, so
that the form of a text does not depend on its level. Signs and the order of the legend depend on
the set of names alone. So if two things that lie together exchange their names, the text does not
change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from string import ascii_letters, digits
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.engine.looks import EMPTY
from mesa_gym.engine.typed_maps import ROWS, SIGNS
from mesa_gym.language.question_form import (
    QuestionForm,
    copy_trap,
    key_trap,
    list_decoys,
    rename_things,
)
from mesa_gym.traps import Split, Trap

NOTHING_THERE = "nothing"
# The levels of each split that determine the width of a cell.
MEASURED = 50
CellCodes = NDArray[np.int64]


class SceneWriter:
    """Writes the scenes of one trap under the names of a form.

    Attributes:
        words: plane or decoy -> its name.
    """

    def __init__(self, trap: Trap, form: QuestionForm) -> None:
        self.trap, self.words = trap, rename_things(trap, form)
        self._fixed = {plane: trap.looks[plane].glyph for plane in ("agent", "wall")}
        decoys = list_decoys(trap)
        planes = [plane for plane in self.words if plane not in decoys]
        names = [*sorted(self.words[x] for x in planes), *sorted(self.words[x] for x in decoys)]
        self._signs = _choose_signs(names, {EMPTY, *self._fixed.values()})
        self._channels = [trap.channels.index(plane) for plane in trap.planes]
        # Planes in the order of the legend.
        order = ["agent", "wall", *sorted(planes, key=self.words.__getitem__)]
        self._order = [(trap.planes.index(plane), plane) for plane in order]
        legend = [f"{EMPTY} = {NOTHING_THERE}", *(f"{self._fixed[x]} = {x}" for x in order[:2])]
        self._legend = [*legend, *(f"{self._signs[name]} = {name}" for name in names)]
        self._wide = self._find_width()

    def encode(self, state: State) -> tuple[CellCodes, NDArray[np.uint8]]:
        """Return the planes of each cell as bits, int64 (n, cells), and the planes themselves."""
        visible = self.trap.observe(state)[..., self._channels]
        codes = visible @ (1 << np.arange(len(self._channels)))
        return codes.reshape(state.n, -1), visible

    def describe(self, code: int, decoy: str | None = None) -> str:
        """Return the names of the things in a cell, or "nothing"."""
        there = [self.words[x] for i, x in self._order[2:] if code >> i & 1]
        there += [self.words[decoy]] if decoy else []
        return ", ".join(there) or NOTHING_THERE

    def draw(
        self, codes: Sequence[int], visible: NDArray[np.uint8], decoys: Mapping[int, str]
    ) -> str:
        """Return the map of one level, with its legend.

        Args:
            codes: the code of each cell (``encode``).
            visible: uint8 (height, width, planes).
            decoys: cell -> decoy.
        """
        width, legend = self.trap.width, [*self._legend]
        cells = [
            self._sign(code, decoys.get(cell)).ljust(self._wide) for cell, code in enumerate(codes)
        ]
        rows = [cells[start : start + width] for start in range(0, len(cells), width)]
        if self.trap.held:
            top, planes = visible[0].sum(axis=0), self.trap.planes
            held = [self.words[x] for x in self.trap.held for _ in range(top[planes.index(x)])]
            legend.append(f"held, in the top row: {', '.join(held) or NOTHING_THERE}")
        return "\n".join([ROWS, *(" ".join(row).rstrip() for row in rows), SIGNS, *legend])

    def _find_width(self) -> int:
        """Return the greatest number of signs in a cell of the trap's first levels."""
        starts = [self.trap.levels(split, range(MEASURED)) for split in Split]
        counts = [int(self.encode(state)[1].sum(axis=-1).max()) for state in starts]
        return max(counts)

    def _sign(self, code: int, decoy: str | None) -> str:
        signs = [self._fixed[x] for i, x in self._order[:2] if code >> i & 1]
        signs += [self._signs[self.words[x]] for i, x in self._order[2:] if code >> i & 1]
        signs += [self._signs[self.words[decoy]]] if decoy else []
        return "".join(signs) or EMPTY


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
def _make_writer(key: Any, form: bytes) -> SceneWriter:
    return SceneWriter(copy_trap(key), msgspec.json.decode(form, type=QuestionForm))


def find_scene_writer(trap: Trap, form: QuestionForm) -> SceneWriter:
    """Return the writer of a trap and a form; it is made once."""
    return _make_writer(key_trap(trap), msgspec.json.encode(form))
