"""Checks of levels and of states: each is told of by a trap that breaks it."""

from __future__ import annotations

import numpy as np
from broken import Broken, caught_by, each, require_caught
from healthy import GLOW, Healthy, Twins

from mesa_gym.engine import Array, LevelBuilder, Move
from mesa_gym.traps import Split
from mesa_gym.traps.keys_chests import KeysChests

BROKEN: list[Broken] = []


@caught_by(BROKEN, "level_identity", "levels .* are others .`at.corner`")
class DrawsByChance(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        level.at["corner"] += np.random.default_rng().integers(0, 2, len(level))


@caught_by(BROKEN, "level_identity", r"levels \[0\] are others .* than in a larger batch")
class DrawsByBatch(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        level.at["corner"] += len(level) % 2


@caught_by(BROKEN, "start", "split 'control', level 0: the agent starts on 'cheese'; fix: draw")
class StartsOnTarget(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        if split is Split.CONTROL:
            level.at["cheese"][0] = level.start


@caught_by(BROKEN, "start", "split 'shift'.*the agent starts on 'corner'")
class StartsOnHiddenKind(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        if split.shifted:
            level.at["corner"][0] = level.start


@caught_by(BROKEN, "held_out", "a level of (test|control) is a level of training")
class TrainsOnTests(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        level.side = None
        super().draw(level, split)
        level.held_out = True


@caught_by(BROKEN, "states", "two things that one plane shows are in one cell")
class ShowsTwoAsOne(Healthy):
    shown_as = {"corner": "cheese"}


@caught_by(BROKEN, "states", "'corner' is there in cell 0, which is nowhere")
class PutsThingsNowhere(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        level.at["corner"][:] = 0


@caught_by(BROKEN, "states", "the agent stands in a wall")
class WalksIntoWalls(Healthy):
    def blocked(self, move: Move) -> Array:
        inside = move.target % self.width < self.width - 1
        return move.on("wall") & ~(inside & (move.action == 2))


@caught_by(BROKEN, "states", "the border is not all wall")
class OpensTheBorder(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        level.ground["wall"][:, 3] = False

    def blocked(self, move: Move) -> Array:
        return move.on("wall") | (move.target < self.width)


@caught_by(BROKEN, "states", "`vars.bumps` is bool .*; it is declared int64 .*, 0 to 2")
class DeclaresAnotherType(Healthy):
    vars = {"bumps": 3}

    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        level.vars["bumps"] = np.zeros(len(level), np.bool_)


@caught_by(BROKEN, "novelty", "'glow' is set in the grid on shift, never in training")
class NewPlane(Healthy):
    things, looks = GLOW["things"], GLOW["looks"]

    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        if split.shifted:
            level.scatter("glow")


@caught_by(BROKEN, "novelty", "'key' is set in cell 4 of the top row on shift")
class NewHeldCell(KeysChests):
    held = {"key": 5}


@caught_by(BROKEN, "sizes", "(?i)size|reduction")
class TooSmall(Twins):
    min_size = (3, 3)


@caught_by(BROKEN, "sizes", r"size \[9, 9\] is not refused")
class TakesAnySize(Twins):
    max_size = (7, 7)

    @classmethod
    def _checked_size(cls, size: object) -> tuple[int, int]:
        return (9, 9) if size == [9, 9] else super()._checked_size(size)  # type: ignore[arg-type]


@each(BROKEN)
def test_a_broken_trap_is_caught_by_the_check_meant_for_it(case: Broken) -> None:
    require_caught(case)
