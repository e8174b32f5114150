"""Random moves: what a trap does that it must not is found and named."""

from __future__ import annotations

import numpy as np
import pytest
from healthy import Healthy

import mesa_gym
from mesa_gym.grid import CHEESE, WALL, Bools, Move
from mesa_gym.testing import ConformanceError, random_moves
from mesa_gym.testing.__main__ import main
from mesa_gym.traps import Trap, package_traps


class WalksIntoWalls(Healthy):
    def blocked(self, move: Move) -> Bools:
        inside = move.target % move.state.schema.width < move.state.schema.width - 1
        return move.on(WALL) & ~(inside & (move.action == 0))


class TearsWallsDown(Healthy):
    def rules(self, move: Move) -> None:
        move.clear(WALL, where=move.on(WALL) & (move.action == 4))
        here = move.state.schema.cell(0, 3)
        move.clear(WALL, where=move.action == 4, at=np.full(len(move.origin), here))


class GrowsCheese(Healthy):
    def rules(self, move: Move) -> None:
        there = np.full(len(move.origin), move.state.schema.cell(-2, -2))
        move.set(CHEESE, where=move.action == 4, at=there)


class SaysLittle(Healthy):
    bounds = {"cheese": (0, 0.5), "corner": (0, 1)}


@pytest.mark.parametrize(
    ("cls", "what"),
    [
        (WalksIntoWalls, "the agent stands in a wall"),
        (TearsWallsDown, "a wall changes"),
        (GrowsCheese, "a thing is made from nothing"),
        (SaysLittle, "pays less than 0 or more than 0.5 for 'cheese'"),
    ],
)
def test_a_violation_is_found(cls: type[Trap], what: str) -> None:
    with pytest.raises(ConformanceError, match=rf"check 'moves': {cls.__name__}.*{what}"):
        random_moves(cls(), 20_000)


def test_a_healthy_trap_moves_as_often_as_asked() -> None:
    done: list[int] = []
    random_moves(Healthy(), 10_000, environments=100, progress=done.append)
    assert sum(done) == 10_000


@pytest.mark.parametrize("cls", package_traps().values(), ids=package_traps())
def test_every_objective_has_bounds(cls: type[Trap]) -> None:
    assert cls.bounds.keys() == cls.objectives.keys()


@pytest.mark.usefixtures("registry")
def test_the_command_fails_where_a_trap_does(capsys: pytest.CaptureFixture[str]) -> None:
    mesa_gym.register_trap(SaysLittle)
    assert main(["moves", "SaysLittle", "CheeseCorner", "--moves", "8000"]) == 1
    printed = capsys.readouterr()
    assert "check 'moves': SaysLittle-v0(size=7x7), split 'train', level" in printed.err
    assert "CheeseCorner-v0(size=9x9): no violation in 8,000 moves" in printed.out
