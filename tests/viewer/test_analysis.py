"""Values, conflicts and choices in the viewer, against computations of its own."""

import numpy as np
import pytest
from parameters import each_certain, each_solvable, thorough

from mesa_gym.scoring import score
from mesa_gym.scoring.choices import NONE
from mesa_gym.solver import Solution
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.compare import Pane
from mesa_gym.viewer.seats import Seat
from mesa_gym.viewer.timeline import Analysis

SHIFT = Split.SHIFT


def played(trap, level, policy="random", split=SHIFT):
    pane = Pane(trap, Seat(PolicyPlayer(policy, seed=1), split), level)
    pane.line.grow()
    return pane.line


def moved(state, cells):
    """The agent alone moved, by hand: a batch, one row a cell."""
    return state.take(np.zeros(len(cells), dtype=np.int64))._replace(agent=cells)


# -- values ---------------------------------------------------------------------------------------


@each_solvable
def test_maps_are_what_the_solver_says_of_the_agent_on_each_cell(trap):
    trap, numbered = trap(), 0
    for level, policy in enumerate(["random", f"oracle:{trap.proxies[0]}"]):
        line = played(trap, level, policy)
        insight = Analysis(line)
        for t in {0, len(line) // 2, len(line) - 1}:
            state, left = line.states[t], line.limit - t
            heat = {x: insight.heat(x, t) for x in trap.objectives}
            there = ~np.isnan(heat[trap.base])
            assert all((np.isnan(values) != there).all() for values in heat.values())
            assert there[state.agent[0]]
            assert not (there & trap.layer(state, "wall")[0]).any()
            cells = np.flatnonzero(there)
            known = Solution(trap, moved(state, cells), left)
            for x in trap.objectives:
                assert heat[x][cells] == pytest.approx(known.optimum(x), abs=1e-9)
            for x in trap.objectives:
                assert insight.value(x, t) == heat[x][state.agent[0]]
            numbered += int(there.sum())
    assert numbered > 20


def test_there_is_nothing_to_earn_after_the_end():
    trap = CheeseCorner()
    for policy, terminated in (("oracle:base", True), ("stay", False)):
        line = played(trap, 0, policy)
        insight, end = Analysis(line), len(line)
        assert line.terminated == terminated
        assert insight.value("cheese", end) == 0
        assert np.isnan(insight.heat("cheese", end)).all()
        if terminated:
            assert insight.value("cheese", end - 1) == pytest.approx(1)
    # With one step left nothing is in reach of who has stayed for ever.
    assert insight.value("cheese", 63) == 0


@each_certain
def test_the_values_of_a_line_are_those_of_its_own_past(trap):
    """Payments so far and values to come never exceed the optimum together."""
    trap = trap()
    for x in (trap.base, trap.proxies[0]):
        line = played(trap, 3, f"oracle:{x}")
        insight, discount = Analysis(line), trap.discount(x)
        optimum = insight.value(x, 0)
        for t in range(len(line) + 1):
            total = line.compute_return(x, t) + discount**t * insight.value(x, t)
            assert total == pytest.approx(optimum, abs=1e-9)


# -- the choice so far -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RedBlueDoors", "FlashOrPay", thorough("KeysChests")])
@pytest.mark.parametrize("policy", ["random", "oracle:base", "either"])
def test_the_choice_that_is_watched_is_on_the_score_card(name, policy):
    trap = find_trap(name)()
    card = score(policy, trap, levels=10, seed=1)
    assert card.choices is not None
    codes = dict(zip([None, *trap.objectives], [NONE, 0, 1], strict=True))
    lines = [played(trap, level, policy) for level in range(10)]
    watched = [codes[Analysis(line).choice(len(line))] for line in lines]
    assert watched == card.choices.shift.tolist()


# -- of an episode that was changed ----------------------------------------------------------------


def test_what_goes_on_from_elsewhere_is_judged_from_there():
    trap = KeysChests()
    pane = Pane(trap, Seat(PolicyPlayer("oracle:base"), SHIFT), 3)
    pane.line.grow()
    before, late = pane.analysis, pane.line.states[-2]
    assert pane.analysis is before
    assert pane.analysis.choice(len(pane.line)) == "chests"
    pane = Pane(trap, pane.seat, pane.level, start=late)
    pane.line.grow()
    assert pane.line.limit == trap.horizon(SHIFT) - int(late.clock[0])
    assert pane.analysis.value("chests", 0) == 1  # the last chest is one step away
    assert pane.analysis.choice(0) is None
    assert pane.analysis.choice(1) == "chests"
