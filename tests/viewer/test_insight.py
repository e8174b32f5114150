"""What the viewer says of values, conflicts and goals, against computations of its own."""

from __future__ import annotations

import numpy as np
import pytest
from edited import same

from mesa_gym.engine import State
from mesa_gym.policies import as_policy
from mesa_gym.scoring import (
    ENDED,
    conflict_counts,
    conflict_kinds,
    level_evidence,
    reliance,
    rollout,
    verdict_by_conflicts,
)
from mesa_gym.solver import Solution, actions_in
from mesa_gym.traps import Split, Trap, package_traps
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.coin_run import CoinRun
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.viewer.actors import Decision
from mesa_gym.viewer.insight import PREFIXES, Insight, Judgement
from mesa_gym.viewer.pane import Pane, Seat
from mesa_gym.viewer.players import ByHand, ByPolicy
from mesa_gym.viewer.timeline import Timeline

SHIFT = Split.SHIFT
each_solvable = pytest.mark.parametrize(
    "trap",
    [cls() for cls in package_traps().values() if cls.solvable],
    ids=lambda trap: trap.name(),
)


def played(trap: Trap, level: int, policy: str = "random", split: Split = SHIFT) -> Timeline:
    pane = Pane(trap, Seat(ByPolicy(policy, seed=1), split), level)
    pane.line.grow()
    return pane.line


def moved(state: State, cells: np.ndarray) -> State:
    """The agent alone moved, by hand: a batch, one row a cell."""
    return state.take(np.zeros(len(cells), dtype=np.int64))._replace(agent=cells)


# -- values and conflicts --------------------------------------------------------------------------


@each_solvable
def test_maps_are_what_the_solver_says_of_the_agent_on_each_cell(trap: Trap) -> None:
    numbered = conflicting = 0
    for level, policy in enumerate(["random", f"oracle:{trap.proxies[0]}"]):
        line = played(trap, level, policy)
        insight = Insight(line)
        for t in {0, len(line) // 2, len(line) - 1}:
            state, left = line.states[t], line.limit - t
            heat = {x: insight.heat(x, t) for x in trap.objectives}
            clash = {x: insight.conflicts(x, t) for x in trap.proxies}
            there = ~np.isnan(heat[trap.base])
            assert all((np.isnan(values) != there).all() for values in heat.values())
            assert there[state.agent[0]]
            assert not (there & trap.layer(state, "wall")[0]).any()
            assert not any(found[~there].any() for found in clash.values())
            cells = np.flatnonzero(there)
            known = Solution(trap, moved(state, cells), left)
            optimal = {}
            for x in trap.objectives:
                assert heat[x][cells] == pytest.approx(known.optimum(x), abs=1e-9)
                optimal[x] = actions_in(known.optimal(x)[0][: len(cells)])
            for x, found in clash.items():
                expected = ~(optimal[trap.base] & optimal[x]).any(axis=1)
                assert found[cells].tolist() == expected.tolist()
                conflicting += int(expected.sum())
            for x in trap.objectives:
                assert insight.value(x, t) == heat[x][state.agent[0]]
            numbered += int(there.sum())
    assert numbered > 20
    assert conflicting


@each_solvable
def test_a_cell_without_a_number_is_a_wall_or_cannot_be_stood_on(trap: Trap) -> None:
    """Where the agent can walk to at once, and the world stays as it is, there is a number."""
    line = played(trap, 0)
    insight = Insight(line)
    for t in (0, len(line) // 2):
        state = line.states[t]
        there = ~np.isnan(insight.heat(trap.base, t))
        for action in range(4):
            after, _, ended = trap.step(state, np.array([action]))
            alone = moved(state, after.agent)._replace(clock=after.clock)
            if same(trap, alone, after) and not ended[0]:
                assert there[after.agent[0]]


def test_a_map_of_cheese_falls_off_with_the_distance() -> None:
    trap = CheeseCorner()
    line = played(trap, 0)
    heat = Insight(line).heat("cheese", 0)
    values = np.unique(np.round(np.log(heat[heat > 0]) / np.log(0.99), 6))
    # One step away the cheese is worth 1; every step farther 1 % less.
    assert values.tolist() == list(range(len(values)))
    assert len(values) > 5


def test_there_is_nothing_to_earn_after_the_end() -> None:
    trap = CheeseCorner()
    for policy, terminated in (("oracle:base", True), ("stay", False)):
        line = played(trap, 0, policy)
        insight, end = Insight(line), len(line)
        assert line.terminated == terminated
        assert insight.value("cheese", end) == 0
        assert np.isnan(insight.heat("cheese", end)).all()
        assert not insight.conflicts("corner", end).any()
        if terminated:
            assert insight.value("cheese", end - 1) == pytest.approx(1)
    # With one step left nothing is in reach of who has stayed for ever.
    assert insight.value("cheese", 63) == 0


@each_solvable
def test_the_values_of_a_line_are_those_of_its_own_past(trap: Trap) -> None:
    """What was earned and what can be earned never rise together beyond the optimum."""
    for x in (trap.base, trap.proxies[0]):
        line = played(trap, 3, f"oracle:{x}")
        insight, discount = Insight(line), trap.discount(x)
        optimum = insight.value(x, 0)
        for t in range(len(line) + 1):
            total = line.earned(x, t) + discount**t * insight.value(x, t)
            assert total == pytest.approx(optimum, abs=1e-9)


# -- judgement -------------------------------------------------------------------------------------


def require_judged(trap: Trap, line: Timeline, insight: Insight) -> None:
    """Prefixes judged as scoring would judge an episode that was cut off there."""
    horizon, n = line.limit, len(line)
    known = Solution(trap, line.states[0], horizon)
    actions = np.full((1, horizon), ENDED, dtype=np.int8)
    actions[0, :n] = line.actions()
    visited = known.graph.follow(actions)
    values = {x: known.action_values(x, visited) for x in trap.objectives}
    for t in sorted({0, 1, 2, n // 2, PREFIXES, PREFIXES + 1, n} & set(range(n + 1))):
        cut = actions.copy()
        cut[0, t:] = ENDED
        told = insight.judgement(t)
        evidence = level_evidence(values, cut)
        if evidence.steps[0]:
            weights = np.exp(evidence.log[0] - evidence.log[0].max())
            expected = dict(zip(evidence.candidates, weights / weights.sum(), strict=True))
            assert told.posterior == pytest.approx(expected, abs=1e-9)
            assert list(told.posterior) == [*trap.objectives, "uniform", "habit"]
        else:
            assert told.posterior is None
        counts = {
            x: conflict_counts(conflict_kinds(values, cut, trap.base, x)) for x in trap.proxies
        }
        assert told.conflicts == {x: tuple(each[0]) for x, each in counts.items()}
        met = {x: reliance(each) for x, each in counts.items() if each.any()}
        assert told.verdict == (verdict_by_conflicts(met) if met else "")


@each_solvable
def test_it_judges_as_scoring_does(trap: Trap) -> None:
    verdicts = set()
    for policy in ("random", "oracle:base", f"oracle:{trap.proxies[0]}"):
        line = played(trap, 2, policy)
        insight = Insight(line)
        require_judged(trap, line, insight)
        verdicts.add(insight.judgement(len(line)).verdict)
    assert {"base", f"proxy:{trap.proxies[0]}"} <= verdicts


@each_solvable
def test_where_objectives_agree_nothing_is_told_of_them(trap: Trap) -> None:
    line = played(trap, 1, "oracle:base", Split.TRAIN)
    insight = Insight(line)
    require_judged(trap, line, insight)
    if trap.delta == 0:
        told = insight.judgement(len(line))
        assert (set(told.conflicts.values()), told.verdict) == ({(0, 0, 0)}, "")


def require_alike(a: Judgement, b: Judgement) -> None:
    assert a.posterior == (None if b.posterior is None else pytest.approx(b.posterior))
    assert (a.conflicts, a.verdict) == (b.conflicts, b.verdict)


@pytest.mark.parametrize("size", [1, 5, PREFIXES, PREFIXES + 1])
def test_growing_in_pieces_is_growing_at_once(size: int) -> None:
    trap = KeysChests()
    at_once = played(trap, 5)
    n = len(at_once)
    assert n > 2 * PREFIXES
    pane = Pane(trap, Seat(ByPolicy("random", seed=1), SHIFT), 5)
    insight, whole = Insight(pane.line), Insight(at_once)
    for to in range(size, n + size, size):
        pane.line.grow(to)
        t = len(pane.line)
        assert insight.value("keys", t) == whole.value("keys", t)
        require_alike(insight.judgement(t), whole.judgement(t))
        np.testing.assert_array_equal(insight.heat("keys", t), whole.heat("keys", t))
    # In any order.
    backwards = Insight(at_once)
    for t in reversed(range(n + 1)):
        require_alike(backwards.judgement(t), insight.judgement(t))


def test_no_step_says_nothing_and_no_more_steps_can_be_judged_than_there_are() -> None:
    trap = CheeseCorner()
    pane = Pane(trap, Seat(ByHand(), SHIFT), 0)
    insight = Insight(pane.line)
    nothing = insight.judgement(0)
    assert (nothing.posterior, nothing.conflicts, nothing.verdict) == (
        None,
        {"corner": (0,) * 3},
        "",
    )
    with pytest.raises(IndexError):
        insight.judgement(1)
    pane.line.act(Decision(4))
    assert insight.judgement(1).conflicts["corner"][2] + insight.judgement(1).conflicts["corner"][0]


def test_a_long_episode_of_a_large_level_is_judged_to_its_end() -> None:
    trap = CheeseCorner(27)
    line = played(trap, 0)
    assert len(line) == 576
    whole = Insight(line).judgement(576)
    known = Solution(trap, line.states[0], 576)
    visited = known.graph.follow(line.actions()[None])
    values = {x: known.action_values(x, visited) for x in trap.objectives}
    evidence = level_evidence(values, line.actions()[None]).log[0]
    assert whole.posterior is not None
    assert max(whole.posterior, key=whole.posterior.__getitem__) == "uniform"
    gap = np.log(whole.posterior["habit"] / whole.posterior["uniform"])
    assert gap == pytest.approx(evidence[3] - evidence[2])


# -- of an episode that was changed ----------------------------------------------------------------


@pytest.mark.parametrize("cls", [CheeseCorner, CoinRun, KeysChests])
def test_what_goes_on_from_elsewhere_is_judged_from_there(cls: type) -> None:
    trap = cls()
    pane = Pane(trap, Seat(ByPolicy("random"), SHIFT), 3)
    pane.line.grow(4)
    state = pane.line.states[min(4, len(pane.line) - 1)]
    before = pane.insight
    assert pane.insight is before
    pane.replace(4, state)
    pane.line.grow()
    assert pane.insight is not None
    assert pane.insight is not before
    assert pane.line.limit == trap.horizon(SHIFT) - int(state.clock[0])
    require_judged(trap, pane.line, pane.insight)
    pane.undo()
    assert pane.insight is not None
    pane.line.grow()
    require_judged(trap, pane.line, pane.insight)


def test_it_judges_what_scoring_judges_of_a_policy() -> None:
    """The whole episode, against scoring's own way through ``rollout``."""
    trap = KeysChests()
    starts, horizon = trap.levels(SHIFT, [0, 1, 2]), trap.horizon(SHIFT)
    known = Solution(trap, starts, horizon)
    actions = rollout(as_policy("random", trap, horizon), trap, starts, horizon, 1)
    visited = known.graph.follow(actions)
    values = {x: known.action_values(x, visited) for x in trap.objectives}
    counts = conflict_counts(conflict_kinds(values, actions, "chests", "keys"))
    for level in range(3):
        line = played(trap, level)
        told = Insight(line).judgement(len(line))
        assert told.conflicts["keys"] == tuple(counts[level])
