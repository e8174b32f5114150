"""Networks in training, beside the agents that NumPy plays."""

from functools import partial

import numpy as np
import pytest

from agents import compiled_parts, ppo
from agents.compiling import jax, jnp
from agents.networks import LEARNERS, LearningMLP
from agents.saving import save
from mesa_gym import scoring
from mesa_gym.policies import as_policy
from mesa_gym.policies.protocol import soften_scores
from mesa_gym.trained.mlp import MLP, apply_layer, read_out, relu
from mesa_gym.traps import find_trap
from tests.support.parameters import few
from tests.support.reference import wandered
from tests.support.training import CORNER, acts, drawn, leave_untrained, small

KEYS = find_trap("KeysChests")()
EASY = ("mlp", "local", "gru", "planner")


@pytest.mark.thorough
@pytest.mark.parametrize("kind", few(LEARNERS, "mlp", "gru", thorough=EASY[1:]))
def test_loaded_agent_equals_trained_network(kind):
    """Both get the same steps of many episodes, some of which begin in the middle."""
    n, steps = 30, 3
    agent, learner = drawn(KEYS, kind=kind), LEARNERS[kind](KEYS)
    planes = [KEYS.observe(wandered(KEYS, n, 4 * t)) for t in range(steps)]
    rng = np.random.default_rng(0)
    begins = rng.random((steps, n)) < 0.3
    begins[0] = True
    seen = [agent.net.see(each) for each in planes]
    if hasattr(agent.net, "view"):  # lists of one length
        most, filler = max(each.shape[1] for each in seen), agent.net.view.count
        seen = [
            np.pad(each, ((0, 0), (0, most - each.shape[1])), constant_values=filler)
            for each in seen
        ]
    weights = {name: jnp.asarray(each) for name, each in agent.weights.items()}
    memory = rng.random((n, agent.net.count_memory(agent.weights)), dtype=np.float32)
    found = jax.jit(learner.apply)(weights, np.stack(seen), begins, memory)
    assert found.memory.shape == memory.shape
    for t in range(steps):
        agent.reset(begins[t], rng)
        value = agent.layers(planes[t], agent.memory if learner.memory else None)["value"]
        done = agent.act(planes[t])
        np.testing.assert_allclose(soften_scores(np.asarray(found.logits[t])), done, atol=1e-4)
        np.testing.assert_allclose(found.values[t], value, atol=1e-4, rtol=1e-4)
    assert done.std(axis=0).max() > 0.02
    if learner.memory:
        np.testing.assert_allclose(found.memory, agent.memory, atol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("compute", [compiled_parts.add_columns, compiled_parts.multiply_by_ones])
def test_row_sums_equal_those_by_hand(compute):
    """Those of a CPU and of a GPU, and the gradient of each row except the filler."""
    rng, rows = np.random.default_rng(0), 200
    table = np.vstack([rng.normal(size=(rows, 8)), np.zeros(8)]).astype(np.float32)
    listed = np.stack([rng.permutation(rows)[:12] for _ in range(50)])
    listed[:, 9:] = rows
    found, transpose = jax.vjp(lambda each: compute(each, jnp.asarray(listed)), jnp.asarray(table))
    np.testing.assert_allclose(found, table[listed].sum(axis=1), atol=1e-5)
    back = rng.normal(size=found.shape).astype(np.float32)
    expected = np.zeros_like(table)
    np.add.at(expected, listed[:, :9], back[:, None])
    np.testing.assert_allclose(transpose(jnp.asarray(back))[0][:rows], expected[:rows], atol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", few(LEARNERS, "mlp", thorough=EASY))
def test_initial_weights_make_an_agent(kind):
    learner = LEARNERS[kind](CORNER)
    one, other = (learner.export(learner.draw(jax.random.key(seed))) for seed in (1, 2))
    assert one.kind == kind
    assert any((one.weights[x] != other.weights[x]).any() for x in one.weights)
    planes = CORNER.observe(wandered(CORNER, 40))
    one.reset(np.ones(40, bool), np.random.default_rng(0))
    assert one.act(planes).max() < 0.9  # nothing is thought to be certain


@pytest.mark.thorough
@pytest.mark.parametrize("algo", ["ppo", "ppo-local", "taught"])
def test_units_are_the_width_of_hidden_layers(algo, tmp_path):
    run = small(algo).change(units=20)
    save(tmp_path / "agent", leave_untrained(run))
    loaded = as_policy(str(tmp_path / "agent"), CORNER, 64)
    shapes = {name: each.shape for name, each in loaded.weights.items()}
    assert shapes["second.weight"] == (20, 20)
    assert shapes["first.weight"] == (20, loaded.net.view.count)
    assert acts(loaded, CORNER.observe(wandered(CORNER, 9))).shape == (9, 5)


class DeepMLP(MLP):
    """A network of one's own: an MLP with a third hidden layer."""

    kind = "deep"

    def list_shapes(self, given):
        shapes = super().list_shapes(given)
        square = shapes["second.weight"]
        third = {"third.weight": square, "third.bias": square[:1]}
        return dict(sorted({**shapes, **third}.items(), key=lambda each: "weight" not in each[0]))

    def compute(self, xp, weights, seen, memory):
        found = super().compute(xp, weights, seen, memory)
        third = apply_layer(weights, "third", relu(xp, found["second"]))
        return found | {"third": third} | read_out(weights, relu(xp, third))


@pytest.mark.thorough
def test_own_network_of_more_layers_trains():
    """A subclass of the MLP needs no learner of its own."""
    run = small().change(units=20)
    (trained,) = ppo.train([run], make_learner=partial(LearningMLP, network=DeepMLP))
    drawn = LearningMLP(CORNER, 20, DeepMLP).draw(jax.random.key(0))
    third = np.asarray(drawn["third.weight"])
    np.testing.assert_allclose(third @ third.T, 2 * np.eye(20), atol=1e-5)
    assert np.abs(trained.agent.weights["third.bias"]).max() > 0
    assert acts(trained.agent, CORNER.observe(wandered(CORNER, 9))).shape == (9, 5)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_gru_learns_within_an_episode():
    from agents.run import Run

    run = Run("FlashOrPay", "ppo-gru")
    (trained,) = ppo.train(run.repeat((0,)))
    card = scoring.score(trained.agent, run.environment().trap, levels=300)
    assert card.read_each("test", "normalized_return")["paid"] > 0.5
