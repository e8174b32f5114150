"""Values, conflicts and choices in the viewer; whether a policy is a function of what it sees."""

import numpy as np
import pytest

from mesa_gym.policies import Memoryless, as_policy
from mesa_gym.scoring import score
from mesa_gym.solver import PlacementGraph, Solution
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.played_episodes import NONE
from mesa_gym.viewer.packing import find_answers
from mesa_gym.viewer.pane import Pane
from mesa_gym.viewer.players import PolicyPlayer
from mesa_gym.viewer.seats import Seat
from mesa_gym.viewer.timeline import Analysis
from tests.support.parameters import each_solvable, thorough
from tests.support.small_traps import SmallDish

SHIFT = Split.SHIFT


def played(trap, level, policy="random"):
    pane = Pane(trap, Seat(PolicyPlayer(policy, seed=1), SHIFT), level)
    pane.line.grow()
    return pane.line


@each_solvable
def test_heat_maps_equal_the_solver_by_cell(trap):
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
            # The agent alone is moved, by hand.
            batch = state.take(np.zeros(len(cells), dtype=np.int64))._replace(agent=cells)
            known = Solution(trap, batch, left)
            for x in trap.objectives:
                assert heat[x][cells] == pytest.approx(known.optimum(x), abs=1e-9)
            for x in trap.objectives:
                assert insight.value(x, t) == heat[x][state.agent[0]]
            numbered += int(there.sum())
    assert numbered > 20


def test_analysis_after_episode_end_is_zero():
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


@pytest.mark.parametrize("name", ["RedBlueDoors", *map(thorough, ("FlashOrPay", "KeysChests"))])
@pytest.mark.parametrize("policy", ["random", "oracle:base", "nearest"])
def test_analysis_choice_equals_the_score_card(name, policy):
    trap = find_trap(name)()
    card = score(policy, trap, levels=10, seed=1)
    codes = dict(zip([None, *trap.objectives], [NONE, 0, 1], strict=True))
    lines = [played(trap, level, policy) for level in range(10)]
    watched = [codes[Analysis(line).choice(len(line))] for line in lines]
    assert watched == card.choices.shift.tolist()


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["CheeseDish", "PointedGoal"])
def test_pane_names_ghost_for_removed_target(name):
    """A removed target is chosen where it would have paid: at its ghost."""
    trap, numbers = find_trap(name)(), range(3)
    kept = score("sweeper", trap, levels=len(numbers)).choices
    for play, chosen in {"shift": kept.shift, **kept.alone}.items():
        kept_there = [*trap.objectives] if play == "shift" else [play]
        words = {
            k: x if x in kept_there else f"ghost of {x}" for k, x in enumerate(trap.objectives)
        }
        words[NONE] = "none"
        named = play if play == "shift" else f"alone:{play}"
        for number in numbers:
            pane = Pane(trap, Seat(PolicyPlayer("sweeper"), named), number)
            pane.line.grow()
            assert pane.name_choice(len(pane.line)) == words[int(chosen[number])]


def ask_everywhere(policy, trap=None):
    """Ask in all states of a shift level."""
    made = trap or SmallDish()
    states = list_states(made)
    return find_answers(as_policy(policy, made, made.horizon("shift")), made, states, "mine")


def list_states(trap):
    graph = PlacementGraph(trap, trap.levels("shift", [1]))
    return graph.states.take(slice(0, graph.going))


def look_ahead(seen):
    """Return probabilities that depend on the whole observation."""
    weights = np.random.default_rng(0).normal(size=(np.prod(seen.shape[1:]), 5))
    scores = np.exp(seen.reshape(len(seen), -1) @ weights)
    return scores / scores.sum(axis=1, keepdims=True)


class Counter:
    """Goes left in its first three steps of an episode, then right."""

    observation = "planes"

    def reset(self, mask, rng):
        fresh = np.zeros(len(mask), dtype=np.int64)
        self.steps = fresh if mask.all() else np.where(mask, 0, self.steps)

    def act(self, observation, state=None):
        self.steps += 1
        return np.where(self.steps <= 1, 0, 2)


class EpisodeCoin:
    """Throws a coin once an episode, and goes left or right all along."""

    observation = "planes"

    def reset(self, mask, rng):
        self.way = rng.integers(0, 2, len(mask)) * 2

    def act(self, observation, state=None):
        return self.way


class Late(Memoryless):
    """Reads the clock, though it says that it remembers nothing."""

    def act(self, observation, state=None):
        return np.where(state.clock < 20, 0, 2)


class OneByOne(Memoryless):
    """Answers row by row."""

    def act(self, observation, state=None):
        return np.concatenate([look_ahead(row[None]) for row in observation])


@pytest.mark.parametrize("policy", [look_ahead, OneByOne()])
def test_find_answers_are_those_of_the_policy(policy):
    trap = SmallDish()
    wanted = look_ahead(trap.observe(list_states(trap)))
    np.testing.assert_allclose(ask_everywhere(policy), wanted)


@pytest.mark.parametrize(
    "policy", [Counter(), EpisodeCoin(), Late(), "sweeper", "oracle:cheese", thorough("nearest")]
)
def test_find_answers_refuses_memory_luck_and_clocks(policy):
    assert ask_everywhere(policy) is None
