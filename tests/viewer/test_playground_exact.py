"""A playground's probabilities, values and outcomes, against the solver and the agents."""

import numpy as np
import pytest

from mesa_gym.policies import Memoryless, Oracle
from mesa_gym.scoring.plays import find_play
from mesa_gym.solver import (
    Graph,
    PlacementGraph,
    Solution,
    StateNumbers,
    TimeLeft,
    actions_in,
    share_first_contacts,
)
from tests.support.parameters import FEW_LIVE
from tests.support.reference import find_contacts
from tests.support.visiting import LivePage

pytestmark = pytest.mark.thorough
EXACT = 1e-5


class Shaded(Memoryless):
    """Action probabilities that depend on the whole observation, from certain to uniform."""

    def act(self, observation, state=None):
        seen = observation.reshape(len(observation), -1).astype(np.float64)
        scores = seen @ np.random.default_rng(0).normal(size=(seen.shape[1], 5))
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module", params=FEW_LIVE, ids=lambda trap: trap.name())
def live(browser, tmp_path_factory, request):
    """A page of a trap: agent 0 is a function of observations, the others are oracles."""
    trap = request.param()
    oracles = [Oracle(trap, x, trap.horizon("shift")) for x in trap.objectives]
    page = LivePage(browser, tmp_path_factory.mktemp("page"), trap, [Shaded(), *oracles], [0])
    yield page
    page.tab.close()


def test_page_values_equal_the_solver(live):
    trap = live.trap
    for number, (play, _) in enumerate(live.levels[:3]):
        live.choose(number)
        start, horizon = live.start(number), find_play(trap, play).steps
        stepped, placed = Graph(trap, start), PlacementGraph(trap, start)
        at = np.searchsorted(placed.rank[: placed.going], stepped.rank)
        solved = TimeLeft(stepped, horizon)
        for i, x in enumerate(trap.objectives):
            found = live.table(f"level.values({i})").reshape(horizon + 1, -1)
            assert (found[:, at] == solved.values(x)[:, :-1]).all()
            assert (found[:, placed.going :] == 0).all()


def expect_ends(trap, graph, shares, horizon):
    """Return the page's outcomes of an agent from each state."""
    if trap.judging.places:
        return list(share_first_contacts(graph.successor, find_contacts(graph), shares, horizon))
    found = []
    for x, paid in graph.paid.items():
        worth = np.zeros((2, len(graph)))
        for _ in range(horizon):
            best, mean = paid + trap.discount(x) * worth[:, graph.successor]
            worth[:, : graph.going] = best.max(axis=0), (shares.T * mean).sum(axis=0)
        most, got = worth[:, : graph.going]
        found.append(np.divide(got, most, out=np.zeros_like(got), where=most != 0))
    return found


def test_page_shares_and_outcomes_are_exact(live):
    trap, gaps = live.trap, []
    for number in range(2):
        live.choose(number)
        graph = PlacementGraph(trap, live.start(number))
        shares = Shaded().act(trap.observe(graph.states.take(slice(0, graph.going))))
        every = "Array.from({ length: level.going }, (_, s) => game.agents[0].chances(level, s))"
        held = live.table(every).reshape(-1, 5)
        assert abs(held - shares).max() < 2e-7
        assert abs(held.sum(axis=1) - 1).max() < 2e-7
        for left in (7, trap.horizon("shift")):
            found = live.table(f"level.outcomes(game.agents[0], {left})")
            found = found.reshape(len(trap.objectives) + trap.judging.places, -1)
            for got, wanted in zip(found, expect_ends(trap, graph, held, left), strict=True):
                assert abs(got[: graph.going] - wanted).max() < 1e-9
        # What three bytes leave out of the probabilities.
        wanted = expect_ends(trap, graph, shares, trap.horizon("shift"))
        gaps += [abs(a[: graph.going] - b).max() for a, b in zip(found, wanted, strict=True)]
    print(f"{trap.name()}: where it ends up within {max(gaps):.1e}")
    assert max(gaps) < EXACT


def test_page_oracles_act_as_python_oracles(live):
    trap, horizon = live.trap, live.trap.horizon("shift")
    live.choose(1)
    start, rng = live.start(1), np.random.default_rng(1)
    placed = PlacementGraph(trap, start)
    # States of random walks at their own time, and any others when the time is nearly up.
    state, met = start, [start]
    for t in range(1, horizon):
        after, _, ended = trap.step(state, rng.integers(0, 5, 1))
        state = (start if ended[0] else after)._replace(clock=np.array([t]))
        if t % 6 == 0 or t == horizon - 1:
            met.append(state)
    for k in rng.choice(placed.going, 4).tolist():
        late = np.array([horizon - rng.integers(1, 12)])
        met.append(placed.states.take([k])._replace(clock=late))
    ranks = np.concatenate([StateNumbers(trap, start).rank(each) for each in met])
    numbers = np.searchsorted(placed.rank[: placed.going], ranks)
    left = [horizon - int(each.clock[0]) for each in met]
    pairs = list(zip(numbers.tolist(), left, strict=True))
    for i, x in enumerate(trap.objectives):
        code = f"(pairs) => pairs.map(([s, left]) => game.agents[{i + 1}].chances(level, s, left))"
        oracle = Oracle(trap, x, horizon)
        wanted = [oracle.act(np.empty(0), each)[0] for each in met]
        np.testing.assert_allclose(live.ask(code, pairs), wanted, atol=1e-12)


def test_page_oracle_outcomes_follow_from_plays(live):
    """The test goes forwards from the start; the page sweeps backwards."""
    trap = live.trap
    if not trap.judging.places:
        return
    live.choose(1)
    solution = Solution(trap, live.start(1), trap.horizon("shift"))
    graph = solution.graph
    paid = np.stack([graph.payments[x][codes] for x, codes in graph.paid.items()])
    contact = paid > np.maximum(paid.max(axis=(1, 2), keepdims=True), 0) / 2
    several = contact.sum(axis=0) > 1
    contact = np.concatenate([contact & ~several, several[None]])
    for i, x in enumerate(trap.objectives):
        here, first = np.zeros(len(graph) + 1), np.zeros(len(contact))
        here[0] = 1
        for mask in solution.oracle(x):
            allowed = actions_in(mask)
            flow = (allowed / allowed.sum(axis=1, keepdims=True) * here[: len(mask), None]).T
            taken = contact[:, :, : len(mask)]
            first += (flow * taken).sum(axis=(1, 2))
            here = np.zeros(len(graph) + 1)
            onward = np.where(taken.any(axis=0), 0, flow)
            np.add.at(here, graph.successor[:, : len(mask)], onward)
            here[-1] = 0
        code = f"level.outcomes(game.agents[{i + 1}]).map((each) => each[level.start])"
        assert live.ask(code) == pytest.approx(first, abs=1e-9)
