"""ChuteOrFire: what becomes of rubbish, by hand."""

import pytest
from playing import places, rules, walled
from reference import steps_from

from mesa_gym.traps import Split
from mesa_gym.traps.chute_or_fire import ChuteOrFire

TRAP = ChuteOrFire(7)
ROOM = ("1.A.2", "..u..", "..u..")
TRAIN = walled(TRAP, *ROOM, "1 = chute fire", "2 = hearth")
SHIFT = walled(TRAP, *ROOM, "1 = chute", "2 = hearth fire")


FOURTH, NEVER = [0, 0, 0, 1], [0] * 4

test_rubbish = rules(
    TRAP,
    (TRAIN, "DLLU", FOURTH, FOURTH, False, "#.....#", "#..u..#"),  # what is delivered burns
    (TRAIN, "DLLUDRRDULLU", FOURTH + NEVER + FOURTH, FOURTH + NEVER + FOURTH, True),
    # A hearth that is out does nothing.
    (TRAIN, "DRRU", NEVER, NEVER, False, "held.rubbish = 1", "#..u..#"),
    (SHIFT, "DLLU", FOURTH, NEVER, False, "#.....#", "#..u..#"),  # the chute keeps
    (SHIFT, "DRRU", NEVER, FOURTH, False, "#.....#", "#..u..#"),  # the fire destroys
    (SHIFT, "DLLUDRRDURRU", FOURTH + 2 * NEVER, 2 * NEVER + FOURTH, True),
    # One piece is carried at a time, and free hands leave chute and fire alone.
    (SHIFT, "DD", [0, 0], [0, 0], False, "held.rubbish = 1", "rubbish, agent"),
    (SHIFT, "LL", [0, 0], [0, 0], False, "#..u..#\n#..u..#"),
    (SHIFT, "RR", [0, 0], [0, 0], False, "#..u..#\n#..u..#"),
)


@pytest.mark.parametrize("split", Split)
def test_rubbish_lies_half_way_and_under_shift_the_fire_is_elsewhere(split):
    names = ("rubbish", "chute", "hearth", "fire")
    for rubbish, (chute,), (hearth,), fire, bare in places(ChuteOrFire(), split, 200, *names):
        to_chute, to_hearth = steps_from(chute, bare), steps_from(hearth, bare)
        assert len(rubbish) == 2
        assert all(to_chute[piece] == to_hearth[piece] for piece in rubbish)
        assert fire == {hearth if split.shifted else chute}
