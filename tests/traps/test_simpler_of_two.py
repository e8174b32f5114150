"""Rules of SimplerOfTwo: what fits by each rule, and what each split shows."""

from itertools import product

import numpy as np
import pytest

from mesa_gym.traps import Split
from mesa_gym.traps.simpler_of_two import RULES, THING_COLOURS, THING_SHAPES, SimplerOfTwo
from tests.support.parameters import thorough
from tests.support.playing import places, rules, walled
from tests.support.reference import steps_from

TRAP = SimplerOfTwo(7)
LEGEND = "1 = thing circle red fitting_shape", "2 = thing square red fitting_colour"
ROOM = walled(TRAP, "1A2", ".3.", *LEGEND, "3 = thing triangle blue")
test_things_pay_by_fitting_and_all_end = rules(
    TRAP,
    (ROOM, "L", [1], [0], True),
    (ROOM, "R", [0], [1], True),
    (ROOM, "D", [0], [0], True),
    (ROOM, ".", [0], [0], False),
    (walled(TRAP, "1A", f"{LEGEND[0]} fitting_colour"), "L", [1], [1], True),
)
# What fits, by the state of the lamp and the value on the sign, of three values in their order.
FITTING = {
    "one": lambda lit, sign: 0,
    "lamp": lambda lit, sign: 0 if lit else 1,
    "sign": lambda lit, sign: sign,
    "both": lambda lit, sign: sign if lit else [1, 2, 0][sign],
}
PAIRS = [*product(RULES, RULES)]
each_pair = pytest.mark.parametrize(
    ("shape_rule", "colour_rule"),
    [pair if pair in {("sign", "one"), ("lamp", "both")} else thorough(*pair) for pair in PAIRS],
)


def read_levels(trap, split, n):
    """Yield the values of things by cell, and what fits: from what an agent sees."""
    planes = trap.observe(trap.levels(split, np.arange(n))) > 0
    index = trap.channel
    for level in planes:
        things, fitting = {}, []
        for number, (words, name) in enumerate(
            ((THING_SHAPES, "shape"), (THING_COLOURS, "colour"))
        ):
            layers = np.stack([level[..., index[word]] for word in words])
            for value, y, x in np.argwhere(layers[:, 1:]).tolist():
                things.setdefault((y + 1, x), []).append(value)
            ((sign,),) = np.nonzero(layers[:, 0, 1 + 2 * number])
            lit = level[0, 2 + 2 * number, index["lamp"]]
            rule = FITTING[trap.parameters[f"{name}_rule"]]
            fitting.append((rule(lit, int(sign)), rule(not lit, int(sign))))
        yield things, fitting


@each_pair
def test_paying_things_are_those_that_fit(shape_rule, colour_rule):
    trap, n = SimplerOfTwo(shape_rule=shape_rule, colour_rule=colour_rule), 80
    for split in Split:
        state = trap.levels(split, np.arange(n))
        cells = [trap.layer(state, f"fitting_{x}").reshape(n, 9, 9) for x in ("shape", "colour")]
        counts = set()
        for row, (things, fitting) in enumerate(read_levels(trap, split, n)):
            counts.add(len(things))
            fits = [
                [cell for cell, values in things.items() if values[k] == fitting[k][0]]
                for k in range(2)
            ]
            assert [list(map(tuple, np.argwhere(x[row]).tolist())) for x in cells] == fits
            assert [len(of) for of in fits] == [1, 1]
            assert (fits[0] == fits[1]) != split.shifted
            # No two things share a value.
            assert all(len({v[k] for v in things.values()}) == len(things) for k in range(2))
            if split.shifted:  # the other target would fit if the lamp were different
                for k, rule in enumerate((shape_rule, colour_rule)):
                    if rule in ("lamp", "both"):
                        assert things[fits[1 - k][0]][k] == fitting[k][1]
        assert counts == ({3} if split.shifted else {2, 3})


@pytest.mark.parametrize("split", Split)
def test_things_are_equally_far_from_agent(split):
    for (agent,), things, empty in places(SimplerOfTwo(), split, 150, "agent", "thing"):
        steps = steps_from(agent, empty)
        assert len({steps[thing] for thing in things}) == 1
        assert min(steps[thing] for thing in things) >= 2


@pytest.mark.parametrize(("rho", "together"), [(0.0, 5 / 12), (0.5, 17 / 24), (1.0, 1.0)])
def test_rho_is_correlation_of_both_targets(rho, together):
    n = 6000
    trap = SimplerOfTwo(shape_rule="lamp", colour_rule="both", rho=rho)
    state = trap.levels(Split.TRAIN, np.arange(n))
    one, other = (trap.layer(state, f"fitting_{x}") for x in ("shape", "colour"))
    assert (one & other).any(axis=1).mean() == pytest.approx(together, abs=0.02)
    assert (one.sum(axis=1) == 1).all()
    assert (other.sum(axis=1) == 1).all()


def test_signs_lamps_and_values_are_uniform():
    n = 6000
    traits = SimplerOfTwo().levels(Split.TRAIN, np.arange(n)).level.traits
    for k, words in enumerate((THING_SHAPES, THING_COLOURS)):
        for word in words:
            assert traits[word]["sign"][k].mean() == pytest.approx(1 / 3, abs=0.03)
            assert not traits[word]["sign"][1 - k].any()
    for word in THING_SHAPES:
        assert traits[word]["thing"].mean() == pytest.approx(1 / 3, abs=0.03)


def test_rules_and_planes_leave_levels_alone():
    usual, other = SimplerOfTwo(), SimplerOfTwo(shape_rule="both", shape_planes=4, rho=0.3)
    for split in Split:
        one, two = (trap.levels(split, np.arange(50)) for trap in (usual, other))
        for name in ("wall", "thing", "sign", "lamp", "agent"):
            np.testing.assert_array_equal(usual.layer(one, name), other.layer(two, name))
        shown = [sign["sign"] for sign in (one.level.traits["circle"], two.level.traits["circle"])]
        np.testing.assert_array_equal(*shown)
