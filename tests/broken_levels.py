"""Traps whose levels are broken, each marked with the check of the battery that must catch it."""

from __future__ import annotations

import numpy as np
from healthy import ANY_OTHER, GLOW, Healthy, caught_by

from mesa_gym.grid import (
    AGENT,
    CHEESE,
    DOOR,
    KEY,
    Draw,
    Move,
    apart,
    blocks,
    distances,
)
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CORNER, CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.red_blue_doors import RedBlueDoors


@caught_by("determinism", ANY_OTHER)
class DrawsByChance(Healthy):
    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        corner = draw.state.first + draw.schema.cell(-2, -2)
        draw.state.hidden_flat[corner, 0] = np.random.default_rng().integers(0, 2, len(draw))


@caught_by("level_identity", ANY_OTHER)
class DrawsByBatch(Healthy):
    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        draw.state.hidden_flat[draw.state.first + draw.schema.cell(-2, -2), 0] = len(draw) % 2


@caught_by("start", "agreement")
class StartsOnTarget(Healthy):
    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        if split is Split.CONTROL:
            draw.place(AGENT, draw.state.cell)
            draw.place(CHEESE, draw.state.cell)


@caught_by("start", "distances", "moves")
class StartsOnMark(Healthy):
    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        if split is Split.SHIFT:
            draw.place(CORNER, draw.state.cell)


@caught_by("distances")
class NearerCheese(Healthy):
    def draw(self, draw: Draw, split: Split) -> None:
        if not split.shifted:
            super().draw(draw, split)
            return
        blocks(draw)
        corner = np.full(len(draw), draw.schema.cell(1, 1))
        draw.place(CORNER, corner)
        open_cells, agent = draw.open_cells(), draw.agent()
        near = distances(open_cells, agent) <= 2
        draw.scatter(CHEESE, 1, among=near & apart(open_cells, agent, corner))


@caught_by("directions")
class MoreOftenBelow(RedBlueDoors):
    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        if split is Split.CONTROL:
            door = draw.state.layer(DOOR).reshape(len(draw), -1).argmax(axis=1)
            draw.require((door > draw.state.cell) | (draw.bits("coin", 1)[:, 0] % 2 > 0))


@caught_by("moves", ANY_OTHER)
class MakesCheese(Healthy):
    def rules(self, move: Move) -> None:
        there = np.full(len(move.origin), move.state.schema.cell(-2, -2))
        move.set(CHEESE, where=move.action == 4, at=there)


@caught_by("novelty")
class NewPlane(Healthy):
    planes = (*CheeseCorner.planes, GLOW)

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        if split.shifted:
            draw.scatter(GLOW, 1)


@caught_by("novelty")
class NewHeldCell(KeysChests):
    held = {KEY: 5}

    def rules(self, move: Move) -> None:
        key = move.into(KEY)
        super().rules(move)
        move.gain(KEY, where=key & move.holds(KEY, 3) & ~move.holds(KEY, 5))


@caught_by("states")
class WritesPlanesByHand(Healthy):
    def rules(self, move: Move) -> None:
        rows = move.into(CHEESE).nonzero()[0]
        move.state.flat[move.state.first[rows] + move.state.cell[rows], 2] = 0


@caught_by("states")
class ShowsInTopRow(Healthy):
    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        draw.state.add(CHEESE, np.full(len(draw), 2))
