"""Small traps that nothing is wrong with, and the register of those that are broken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mesa_gym.grid import CHEESE, WALL, Draw, Ints, Move, Plane, State, distances
from mesa_gym.grid.bits import below
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.cheese_corner import CORNER, CheeseCorner

GLOW = Plane("glow", "g", (255, 255, 0), "cheese")


class Healthy(CheeseCorner):
    """A small trap that nothing is wrong with."""

    default_size = (7, 7)


class Monster(Healthy):
    """Chance and a mover, and nothing wrong either."""

    planes = (*CheeseCorner.planes, GLOW)
    vars = {"monster": (np.int64, ())}
    symbolic = False  # the monster walks over agent and cheese
    solvable = False

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        draw.state.vars["monster"][:] = draw.scatter(GLOW, 1)[:, 0]

    def rules(self, move: Move) -> None:
        everywhere, cell = np.ones(len(move.origin), dtype=np.bool_), move.state.vars["monster"]
        move.clear(GLOW, where=everywhere, at=cell)
        step = move.state.schema.offsets[below(move.bits("monster", 1)[:, 0], 5)]
        wall = move.state.layer(WALL).reshape(len(cell), -1)
        cell += step * ~wall[np.arange(len(cell)), cell + step]
        move.set(GLOW, where=everywhere, at=cell)

    def reference(self, objective: str, state: State) -> Ints:
        place = {"cheese": CHEESE, "corner": CORNER}[objective]
        return towards(state, state.layer(place).reshape(len(state), -1).argmax(axis=1))


def towards(state: State, cell: Ints) -> Ints:
    """The first action of a shortest way to a cell; to stay, once there."""
    steps = distances(~state.layer(WALL), cell)
    rows = np.arange(len(state))[:, None]
    after = steps[rows, state.cell[:, None] + state.schema.offsets]
    # Where no step leads nearer, that is to stay.
    return np.where(after < 0, after.max() + 1, after).argmin(axis=1)


class ByHand(Healthy):
    """Under shift the level is always the one that ``rows`` shows."""

    by_distance = True
    rows: tuple[str, ...]

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        if split.shifted:
            symbols = np.array([list(row) for row in self.rows])
            draw.state.planes[:] = np.stack([symbols == s for s in "A#c"], axis=-1)
            draw.state.hidden[..., 0] = symbols == "x"
            draw.state.cell[:] = (symbols == "A").argmax()


BROKEN: dict[type[Trap], tuple[str, ...]] = {}
ANY_OTHER = "any other"


def caught_by(*names: str) -> Callable[[type[Trap]], type[Trap]]:
    """Mark a broken trap with the check meant for it, and with those that it also offends.

    Nothing can be said of a trap whose levels or steps cannot be relied on: ``ANY_OTHER``.
    """

    def mark(cls: type[Trap]) -> type[Trap]:
        BROKEN[cls] = names
        return cls

    return mark
