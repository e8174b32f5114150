"""Agents of every kind: their actions, weights, layers and memory."""

import copy

import array_api_compat.numpy as xp
import numpy as np
import pytest

from mesa_gym.envs.observations import planes_of
from mesa_gym.trained.layers import sum_rows
from mesa_gym.trained.loading import NETWORKS
from mesa_gym.traps.attributes import Attributes
from tests.support.networks import KEYS, UNITS, drawn
from tests.support.reference import wandered

RNG = np.random.default_rng(0)
# Of planes that are shown twice the rows that fill up a block are observations too.
SHOWN = [*((kind, KEYS) for kind in NETWORKS), ("mlp", Attributes(shape_planes=2))]
each_kind = pytest.mark.parametrize(("kind", "trap"), SHOWN, ids=str)


def begin(agent, rows):
    agent.reset(np.ones(rows, dtype=bool), RNG)
    return agent


@each_kind
def test_agent_acts_alike_in_any_batch(kind, trap):
    """Probabilities are equal to the last bit, as a sampled action can depend on that."""
    agent, planes = drawn(trap, kind=kind), planes_of(trap, wandered(trap, 130))
    at_once = begin(agent, 130).act(planes)
    np.testing.assert_allclose(at_once.sum(axis=1), np.ones(130), atol=1e-12)
    assert len(np.unique(at_once, axis=0)) > 80
    for size in (1, 7, 100):
        parts = [planes[first : first + size] for first in range(0, 130, size)]
        done = [begin(agent, len(part)).act(part) for part in parts]
        np.testing.assert_array_equal(np.concatenate(done), at_once)


@each_kind
def test_agent_layers_give_its_actions(kind, trap):
    agent, planes = drawn(trap, kind=kind), planes_of(trap, wandered(trap, 70))
    layers = agent.layers(planes)
    assert {len(each) for each in layers.values()} == {70}
    weighed = np.exp(layers["scores"].astype(np.float64))
    shares = weighed / weighed.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(begin(agent, 70).act(planes), shares, atol=1e-12)
    assert layers["value"].std() > 0.01
    assert {each.dtype for each in layers.values()} == {np.dtype(np.float32)}


@each_kind
def test_agent_with_replaced_weights_acts_otherwise(kind, trap):
    agent, planes = drawn(trap, kind=kind), planes_of(trap, wandered(trap, 20))
    before = begin(agent, 20).act(planes)
    other = agent.replaced({name: 1.5 * each for name, each in agent.weights.items()})
    assert type(other) is type(agent)
    assert (begin(other, 20).act(planes) != before).any()
    np.testing.assert_array_equal(begin(copy.deepcopy(agent), 20).act(planes), before)
    np.testing.assert_array_equal(begin(agent, 20).act(planes), before)
    name = next(iter(agent.weights))
    with pytest.raises(ValueError, match="read-only"):
        agent.weights[name][...] = 0


@pytest.mark.parametrize("trap", [KEYS, Attributes(shape_planes=2)], ids=repr)
def test_mlp_on_index_lists_equals_dense_mlp(trap):
    """The reference multiplies all inputs in float64."""
    agent, planes = drawn(trap), planes_of(trap, wandered(trap))
    view, weights = agent.net.view, {n: x.astype(np.float64) for n, x in agent.weights.items()}
    listed = view.list_inputs(planes)
    found = np.array([np.bincount(row, minlength=view.count + 1)[:-1] for row in listed])
    for name in ("first", "second", "policy"):
        found = found.clip(min=0) @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    shares = np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    assert np.ptp(shares, axis=0).max() > 0.5
    np.testing.assert_allclose(agent.act(planes), shares, atol=1e-4)


def test_row_sums_equal_a_product():
    rng = np.random.default_rng(0)
    table, listed = rng.normal(size=(50, 4)), rng.integers(0, 51, (3, 10, 7))
    listed[:, ::3, 4:] = 50  # lists that are filled up
    counts = np.apply_along_axis(np.bincount, -1, listed, minlength=51)[..., :50]
    found = sum_rows(xp, table, listed)
    np.testing.assert_allclose(found, counts @ table, atol=1e-12)


# What is seen, twice the same at first.
STEPS = [KEYS.observe(wandered(KEYS, 70, steps)) for steps in (3, 3, 6, 9)]


def play(agent, steps):
    """Return actions step by step, from the start of episodes."""
    begin(agent, len(steps[0]))
    return np.stack([agent.act(planes) for planes in steps])


def squash(x):
    return 1 / (1 + np.exp(-x))


def test_memory_is_a_gated_recurrent_unit():
    """The reference follows Cho et al. gate by gate, in float64."""
    agent, planes = drawn(KEYS, kind="gru"), STEPS[2]
    memory = RNG.normal(size=(70, UNITS)).astype(np.float32)
    found = agent.layers(planes, memory)
    own = {name: each.astype(np.float64) for name, each in agent.weights.items()}
    seen = found["first"].clip(min=0) @ own["sees.weight"].T + own["sees.bias"]
    renew, admit, new = np.split(seen, 3, axis=1)
    old_renew, old_admit, old = np.split(memory @ own["recalls.weight"].T, 3, axis=1)
    share = squash(renew + old_renew)
    candidate = np.tanh(new + squash(admit + old_admit) * old)
    expected = (1 - share) * memory + share * candidate
    np.testing.assert_allclose(found["memory"], expected, atol=1e-5)


def test_memory_is_cleared_at_reset():
    agent, rows = drawn(KEYS, kind="gru"), np.arange(70) % 3 == 0
    first, again = play(agent, STEPS[:2])
    assert (np.abs(again - first).max(axis=1) > 0.01).mean() > 0.7  # the same is seen twice
    agent.reset(rows, RNG)
    assert not agent.memory[rows].any()
    third = agent.act(STEPS[1])
    np.testing.assert_array_equal(third[rows], first[rows])
    assert (np.abs(third - first).max(axis=1) > 0.01)[~rows].mean() > 0.7


def test_memory_of_a_row_ignores_other_rows():
    agent = drawn(KEYS, kind="gru")
    whole = play(agent, STEPS)
    for rows in (slice(0, 1), slice(5, 69)):
        part = play(agent, [planes[rows] for planes in STEPS])
        np.testing.assert_array_equal(part, whole[:, rows])
