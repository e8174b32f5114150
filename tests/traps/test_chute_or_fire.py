"""ChuteOrFire: what becomes of rubbish, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from by_hand import DOWN, LEFT, RIGHT, UP, play, walled
from reference import cells_of, steps_from

from mesa_gym.traps import Split
from mesa_gym.traps.chute_or_fire import ChuteOrFire

TRAP = ChuteOrFire(7)
ROOM = ("1.A.2", "..u..", "..u..")
TRAIN = walled(TRAP, *ROOM, "1 = chute fire", "2 = hearth")
SHIFT = walled(TRAP, *ROOM, "1 = chute", "2 = hearth fire")
TO_CHUTE, TO_HEARTH = (LEFT, LEFT, UP), (RIGHT, RIGHT, UP)


@pytest.mark.parametrize(
    ("text", "actions", "delivered", "gone", "over", "held", "left"),
    [
        (TRAIN, (DOWN, *TO_CHUTE), 1, 1, False, 0, 1),  # what is delivered burns
        (TRAIN, (DOWN, *TO_CHUTE, DOWN, RIGHT, RIGHT, DOWN, UP, *TO_CHUTE), 2, 2, True, 0, 0),
        (TRAIN, (DOWN, *TO_HEARTH), 0, 0, False, 1, 1),  # a hearth that is out does nothing
        (SHIFT, (DOWN, *TO_CHUTE), 1, 0, False, 0, 1),  # the chute keeps
        (SHIFT, (DOWN, *TO_HEARTH), 0, 1, False, 0, 1),  # the fire destroys
        (SHIFT, (DOWN, *TO_CHUTE, DOWN, RIGHT, RIGHT, DOWN, UP, *TO_HEARTH), 1, 1, True, 0, 0),
        (SHIFT, (DOWN, DOWN), 0, 0, False, 1, 1),  # only one piece is carried
        (SHIFT, (LEFT, LEFT), 0, 0, False, 0, 2),  # free hands leave the chute alone
        (SHIFT, (RIGHT, RIGHT), 0, 0, False, 0, 2),  # and the fire
    ],
)
def test_rubbish(
    text: str, actions: tuple[int, ...], delivered: int, gone: int, over: bool, held: int, left: int
) -> None:
    paid, ends, states = play(TRAP, text, *actions)
    assert (sum(paid["delivered"]), sum(paid["gone"])) == (delivered, gone)
    assert ends == [False] * (len(actions) - 1) + [over]
    assert states[-1].held["rubbish"].item() == held
    assert states[-1].there["rubbish"].sum() == left


@pytest.mark.parametrize("split", Split)
def test_rubbish_lies_half_way_and_under_shift_the_fire_is_elsewhere(split: Split) -> None:
    trap = ChuteOrFire()
    state = trap.levels(split, np.arange(200))
    layers = {x: trap.layer(state, x) for x in ("rubbish", "chute", "hearth", "fire", "wall")}
    for row in range(200):
        grid = {name: cells_of(layer[row].reshape(9, 9)) for name, layer in layers.items()}
        (chute,), (hearth,) = grid["chute"], grid["hearth"]
        every = {(y, x) for y in range(9) for x in range(9)} - grid["wall"]
        to_chute, to_hearth = steps_from(chute, every), steps_from(hearth, every)
        assert len(grid["rubbish"]) == 2
        assert all(to_chute[piece] == to_hearth[piece] for piece in grid["rubbish"])
        assert grid["fire"] == {hearth if split.shifted else chute}
