"""Searches of habits: against all sequences, played episodes and finite differences.

Policies that see what is on their four cells are compared with the layers of a level.
"""

from itertools import product

import numpy as np
import pytest

from mesa_gym.policies.habits import LETTERS, NeighbourReflex, OpenLoop
from mesa_gym.scoring.record import rollout
from mesa_gym.solver.fixed_sequences import _climb, play, search_by_beam, search_by_change
from mesa_gym.solver.neighbours import (
    NeighbourPolicy,
    go_onto,
    number_views,
    search_neighbours,
    view_neighbours,
)
from mesa_gym.solver.reflexes import REFLEX_DISCOUNT, ReflexTable
from mesa_gym.solver.training_table import FREE, HARMS, LOOK_COUNT, look_around, tabulate_training
from mesa_gym.traps import Split, as_trap
from mesa_gym.traps.judged_by import SLACK_FACTOR, SLACK_STEPS
from tests.support.parameters import thorough

STEPS = 5
CORNER, KEYS = as_trap("CheeseCorner"), as_trap("KeysChests")


def tabulate(trap, steps=STEPS):
    return tabulate_training(trap, most_states=1)._replace(horizon=steps)


@pytest.mark.parametrize("search", [thorough(search_by_change), search_by_beam])
def test_search_finds_best_of_all_sequences(search):
    table = tabulate(CORNER)
    everything = np.array([*product(range(len(LETTERS)), repeat=STEPS)])
    ratings = play(table, everything)
    sequence, rating = search(table)
    assert rating == pytest.approx(ratings.max())
    assert play(table, sequence[None])[0] == pytest.approx(rating)
    assert np.median(ratings) < rating / 2


def test_climb_returns_rating_of_its_sequence():
    """After many changes too, each of which begins where the last one led."""
    table, rng = tabulate(CORNER, 16), np.random.default_rng(0)
    before = rng.integers(0, 4, 16)
    sequence, rating = _climb(table, before, rng, 40)
    assert rating == pytest.approx(play(table, sequence[None])[0])
    assert rating > play(table, before[None])[0]


def test_rating_counts_contacts_in_time():
    table, levels = tabulate(CORNER), np.arange(3)
    latest = SLACK_FACTOR * table.contact[levels] + SLACK_STEPS
    for moves, pace in ((latest, table.contact[levels] / latest), (latest + 1, 0)):
        np.testing.assert_allclose(table.rate(np.ones(3), moves, levels), 0.5 + 0.5 * pace)


@pytest.mark.parametrize("trap", [CORNER, KEYS], ids=["contacts", "scores"])
def test_rating_equals_played_episodes(trap):
    """A sequence's rating follows from its card's outcomes on the same levels."""
    table = tabulate(trap, trap.horizon(Split.TRAIN))
    letters = "lluuurrddrlu" * 5
    sequence = np.array([[LETTERS.index(x) for x in letters]])
    starts = trap.levels(Split.TRAIN, np.arange(len(table.start)))
    record = rollout(OpenLoop(letters), trap, starts, len(letters), 0, "", Split.TRAIN)
    moves = np.cumsum(record.moved | np.any([x != 0 for x in record.paid.values()], axis=0), axis=0)
    pay = record.paid[trap.base]
    if table.places:
        earned, at = pay.any(axis=0) * 1.0, (pay > 0).argmax(axis=0)
        steps = moves[at, np.arange(len(at))]
    else:
        steps = moves[-1]
        earned = (table.discount ** np.maximum(moves - 1, 0) * pay).sum(axis=0)
    expected = table.rate(earned, steps, np.arange(len(steps))).mean()
    assert play(table, sequence)[0] == pytest.approx(expected)
    assert expected > 0


def test_gradient_equals_finite_difference():
    table, rng = tabulate(CORNER, 12), np.random.default_rng(0)
    looks = look_around(CORNER, table.states)
    returns, probabilities = ReflexTable(table, looks), rng.dirichlet(np.ones(5), LOOK_COUNT)
    value, advantage = returns.differentiate(probabilities)
    look = np.bincount(looks[table.start], minlength=LOOK_COUNT).argmax()
    direction = np.array([0.5, -0.2, 0.1, -0.3, -0.1])
    step = 1e-5
    changed = [probabilities.copy(), probabilities.copy()]
    for sign, of in zip((1, -1), changed, strict=True):
        of[look] += sign * step * direction
    higher, lower = (returns.differentiate(of)[0] for of in changed)
    slope = (higher - lower) / (2 * step)
    weight = weigh_looks(table, looks, probabilities)[look]
    assert slope == pytest.approx(weight * advantage[look] @ direction, rel=1e-4)
    assert value > 0


def weigh_looks(table, looks, probabilities):
    """Return the discounted number of visits to each look, by plain recursion over steps."""
    weight, reached = np.zeros(LOOK_COUNT), np.zeros(len(looks) + 1)
    reached[table.start] = 1 / len(table.start)
    for _ in range(table.horizon):
        np.add.at(weight, looks, reached[:-1])
        after = np.zeros_like(reached)
        for action in range(5):
            flow = reached * probabilities[np.append(looks, 0), action] * REFLEX_DISCOUNT
            np.add.at(after, table.successor[action], flow)
        after[-1] = 0
        reached = after
    return weight


def test_reflex_sees_costs_as_harm():
    """From the left of each beacon, of which the first pays and the others cost reward."""
    trap = as_trap("FollowMe")
    starts = trap.levels(Split.TRAIN, np.arange(50))
    for beacon, sight in enumerate((FREE, HARMS, HARMS)):
        before = starts.at["beacon"][beacon] - 1
        free = ~trap.layer(starts, "wall")[np.arange(50), before]
        looks = look_around(trap, starts._replace(agent=before).take(free))
        assert {*(looks // 3**2 % 3).tolist()} == {sight}


def test_reflex_sees_no_target():
    """Its view stays without the targets, but a pit harms and a wall blocks."""
    trap = as_trap("CoinRun")
    starts = trap.levels(Split.TRAIN, np.arange(200))
    without = trap.isolate(starts)
    assert (look_around(trap, starts) == look_around(trap, without)).all()
    digits = look_around(trap, starts)[:, None] // 3 ** np.arange(4) % 3
    around = starts.agent[:, None] + np.array([-1, trap.width, 1, -trap.width])
    pits, walls = (
        np.take_along_axis(trap.layer(starts, x), around, axis=1) for x in ("pit", "wall")
    )
    assert (digits == np.where(pits, 2, np.where(walls, 1, 0))).all()
    assert pits.any()


# -- what is on the four cells ---------------------------------------------------------------------
FOLLOW = as_trap("FollowMe")
NOTHING = np.zeros(0, np.int64), np.zeros((0, 5))


@pytest.mark.parametrize("trap", [FOLLOW, KEYS, as_trap("LavaLand")], ids=lambda x: x.name())
def test_view_is_planes_of_four_cells(trap):
    """Of ground, things, traits and marks, but not of the agent's own cell."""
    state = trap.levels(Split.SHIFT, np.arange(50))
    for action in (1, 2, 1):
        state = trap.step(state, np.full(50, action)).state
    views, around = view_neighbours(trap, state), (-1, trap.width, 1, -trap.width)
    names = {trap.shown_as.get(x, x): x for x in (*trap.planes, *trap.things)}
    seen = 0
    for plane, at in trap.channel.items():
        layer = trap.layer(state, names[plane])
        for side, offset in enumerate(around):
            expected = layer[np.arange(50), state.agent + offset]
            assert (views[:, side, at] == expected).all(), (plane, side)
            seen += expected.any()
    assert seen > 6


def test_rule_goes_onto_plane_else_free_cell():
    """Of three views: the leader to the left and above, walls around, and walls everywhere."""
    views = np.zeros((3, 4, len(FOLLOW.planes)), np.uint8)
    leader, wall = FOLLOW.channel["leader"], FOLLOW.channel["wall"]
    views[0, [0, 3], leader] = views[1, [0, 1], wall] = views[2, :, wall] = 1
    left_or_up, right_or_up, any_action = [0.5, 0, 0, 0.5, 0], [0, 0, 0.5, 0.5, 0], [0.2] * 5
    assert go_onto(FOLLOW, views, "leader").tolist() == [left_or_up, right_or_up, any_action]
    assert go_onto(FOLLOW, views, "").tolist()[1:] == [right_or_up, any_action]


def test_neighbour_policy_falls_back_on_rule():
    """Where the look is one of its own, it takes the learnt action, elsewhere its rule's."""
    state = FOLLOW.levels(Split.TRAIN, np.arange(40))
    looks, first = np.unique(number_views(view_neighbours(FOLLOW, state)), return_index=True)
    half = len(looks) // 2
    stays = NeighbourPolicy("leader", looks[:half], np.tile(np.eye(5)[4], (half, 1)), 0.0)
    probabilities = stays.act(FOLLOW, state.take(first))
    rule = NeighbourPolicy("leader", *NOTHING, 0.0).act(FOLLOW, state.take(first))
    assert (probabilities[:half, 4] == 1).all()
    assert (probabilities[half:] == rule[half:]).all()
    assert (rule[:, 4] == 0).all()


@pytest.mark.thorough
def test_neighbour_return_equals_mean_of_played_episodes():
    policies = search_neighbours(CORNER)
    table = tabulate_training(CORNER, 10_000)
    starts = CORNER.levels(Split.TRAIN, np.arange(len(table.start)))
    best = max(policies, key=lambda policy: policy.training_return)
    player = NeighbourReflex(CORNER, best)
    steps = CORNER.horizon(Split.TRAIN)
    played = [rollout(player, CORNER, starts, steps, x, "", "train") for x in range(8)]
    returns = np.mean([record.returns["cheese"] for record in played])
    assert best.training_return == pytest.approx(returns, abs=0.02)
    walk = go_onto(CORNER, view_neighbours(CORNER, table.states), "")
    look = np.arange(len(table.states.agent))
    assert best.training_return > 2 * ReflexTable(table, look, 0.99).differentiate(walk)[0]


@pytest.mark.thorough
def test_search_finds_who_steps_onto_leader():
    """It is known to be there; training cannot tell others from it, which do other things."""
    first, *others = search_neighbours(FOLLOW)
    assert (first.plane, len(first.looks)) == ("leader", 0)
    assert others
    assert all(x.training_return >= 0.99 * first.training_return for x in others)
