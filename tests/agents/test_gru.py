"""The training of a network with a memory, in JAX."""

import numpy as np
import pytest
from reference import wandered
from training import lesson, trained

from agents.algorithms import ALGORITHMS
from agents.ppo_settings import PPOSettings
from mesa_gym.scoring.rollout import rollout
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.traps import Split, find_trap

jax = pytest.importorskip("jax")
gru = pytest.importorskip("agents.gru")
network = pytest.importorskip("agents.gru_network")
FEW = PPOSettings(environments=8, rollout_length=16, units=12)
SIZE = {"steps": 2 * FEW.rollout_steps, "num_levels": 20, "settings": FEW}


@pytest.mark.parametrize("name", ["FlashOrPay", "KeysChests", "FollowMe"])
def test_lists_hold_the_inputs_that_torch_has(name):
    trap, n = find_trap(name)(), 40
    env = gru.mesa_gym.make_jax(trap, n, num_levels=n)
    found = network.ListedInputs(env)
    planes = trap.observe(wandered(trap, n, 12))
    expected = CentredInputs(trap).list_inputs(planes)
    listed = np.asarray(jax.jit(found.list)(planes))
    assert found.count == CentredInputs(trap).count
    assert listed.shape == (n, found.most)
    for mine, theirs in zip(listed, expected, strict=True):
        assert sorted(mine[mine < found.count]) == sorted(theirs[theirs < found.count])


@pytest.mark.thorough
def test_gru_training_network_equals_the_agent():
    """Both play the same steps of many episodes; some begin on the way."""
    trap, n = find_trap("CueOrPay")(), 40
    inputs = network.ListedInputs(gru.mesa_gym.make_jax(trap, n, num_levels=n))
    drawn = network.draw_weights(jax.random.key(4), inputs, 16)
    # Larger outputs than those of the first draw, so that steps differ; half precision is exact.
    weights = {name: (each * 3).astype("float16").astype("float32") for name, each in drawn.items()}
    agent = network.export_agent(trap, weights)
    memory, rng = np.zeros((n, 16), np.float32), np.random.default_rng(0)
    seen_before = None
    for steps in range(6):
        begins = np.full(n, True) if steps == 0 else rng.random(n) < 0.2
        planes = trap.observe(wandered(trap, n, 4 * steps))
        agent.reset(begins, rng)
        mine = agent.layers(planes, agent.memory)["value"]
        probabilities = agent.act(planes)
        seen, gates = network.see(weights, inputs.list(planes))
        memory = network.remember(weights, gates, np.where(begins[:, None], 0, memory))
        logs, values = network.evaluate(weights, seen, memory)
        np.testing.assert_allclose(np.exp(logs), probabilities, atol=1e-5)
        np.testing.assert_allclose(agent.memory, memory, atol=1e-5)
        np.testing.assert_allclose(mine, values, atol=1e-4)
        assert seen_before is None or np.abs(probabilities - seen_before).max() > 0.01
        seen_before = probabilities


@pytest.mark.thorough
def test_gru_curve_notes_what_episodes_were_paid():
    """The curve is of the paid objective, on the levels that are trained on."""
    told = []
    for more in ({}, {"reward": "corner"}, {"alpha": 1.0}):
        asked = lesson(1, **SIZE | {"steps": 8 * FEW.rollout_steps} | more)
        trained("ppo-gru", asked)
        told.append(asked.curve(0))
    assert told[0] == told[1] != told[2]  # in training cheese and corner are paid alike


def test_gru_with_unsupported_settings_is_refused():
    with pytest.raises(ValueError, match="minibatches must be at most 8, got 9"):
        trained("ppo-gru", lesson(settings=PPOSettings(environments=8, minibatches=9)))
    for more in ({"device": "cpu"}, {"make_envs": print}):
        with pytest.raises(ValueError, match="ppo-gru makes its environments itself"):
            trained("ppo-gru", lesson(**more))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_gru_learns_within_a_life_what_pays():
    algorithm, trap = ALGORITHMS["ppo-gru"], find_trap("FlashOrPay")()
    steps = algorithm.count_steps(trap.name())
    asked = lesson(0, trap=trap, steps=steps, num_levels=30_000, settings=algorithm.settings)
    (agent,) = trained("ppo-gru", asked)
    starts = trap.levels(Split.TEST, np.arange(500))
    paid = rollout(agent, trap, starts, trap.horizon(Split.TEST), 0).paid["paid"].sum(axis=0)
    assert paid.mean() > 4.2
