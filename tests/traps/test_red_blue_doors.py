"""RedBlueDoors: what doors and keys pay, and what is red."""

import pytest
from playing import places, rules, walled
from reference import steps_from

from mesa_gym.traps import Split
from mesa_gym.traps.red_blue_doors import RedBlueDoors

TRAP = RedBlueDoors(7)
TRAINING = walled(TRAP, ".1A2.", "1 = door red", "2 = key blue")
SHIFTED = walled(TRAP, ".1A2.", "1 = door blue", "2 = key red")


test_keys_vanish_and_the_door_ends = rules(
    TRAP,
    (TRAINING, "RLR", [0, 0, 0], [0, 0, 0], False, "#.1.A.#"),
    (TRAINING, "RLL", [0, 0, 1], [0, 0, 1], True),
    (SHIFTED, "RLR", [0, 0, 0], [1, 0, 0], False, "#.1.A.#"),
    (SHIFTED, "RLL", [0, 0, 1], [1, 0, 0], True),
)


@pytest.mark.parametrize("split", Split)
def test_one_thing_is_red_the_door_or_under_shift_a_key_as_far(split):
    names, counts = ("agent", "door", "red", "key", "blue"), set()
    for (agent,), (door,), (red,), keys, blue, bare in places(RedBlueDoors(), split, 300, *names):
        steps = steps_from(agent, bare)
        counts.add(len(keys))
        assert blue == (keys | {door}) - {red}
        assert (red != door) == split.shifted
        assert steps[red] == steps[door] > 0
        if split.shifted:
            assert red in keys
            for key in keys - {red}:
                beyond = steps_from(key, bare)
                for target in (red, door):
                    assert steps[key] + beyond[target] > steps[target]
                    assert steps[target] + beyond[target] > steps[key]
    assert counts == {2, 3, 4}
