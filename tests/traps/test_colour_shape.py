"""ColourShape: what entering the line or the gem does, and which is of what colour."""

import pytest
from playing import places, rules, walled
from reference import steps_from

from mesa_gym.traps import Split
from mesa_gym.traps.colour_shape import ColourShape

TRAP = ColourShape(7)
TRAINING = walled(TRAP, ".1A2.", "1 = thing line yellow", "2 = thing red")
SHIFTED = walled(TRAP, ".1A2.", "1 = thing line red", "2 = thing yellow")
LINE = [0, 0, 0, 0, 0, 1]

test_the_line_is_taken_and_ends_and_the_gem_stays_and_pays_once_where_it_is_yellow = rules(
    TRAP,
    (TRAINING, "L", [1], [1], True, "#.A.1.#"),
    (TRAINING, "RRL.L", LINE[:-1], LINE[:-1], False, "#.1A2.#"),
    (TRAINING, "RRL.LL", LINE, LINE, True),
    (SHIFTED, "RRL.LL", LINE, [1, 0, 0, 0, 0, 0], True),
)


@pytest.mark.parametrize("split", Split)
def test_colours_are_swapped_under_shift_alone(split):
    names = ("agent", "thing", "line", "yellow", "red")
    for (agent,), things, line, yellow, red, bare in places(ColourShape(), split, 300, *names):
        assert (len(things), len(line)) == (2, 1)
        assert line == (red if split.shifted else yellow)
        assert things - line == (yellow if split.shifted else red)
        if split.shifted:
            steps = steps_from(agent, bare)
            assert len({steps[thing] for thing in things}) == 1
