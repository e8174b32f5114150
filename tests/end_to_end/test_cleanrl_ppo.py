"""The PPO of docs/examples: what it learns from, recomputed episode by episode."""

from __future__ import annotations

from copy import deepcopy
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import gymnasium as gym
import pytest

torch = pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[2] / "docs/examples/cleanrl_ppo.py"
ID = "MesaGym/CheeseCorner-Flat-v0"


@pytest.fixture(scope="module")
def ppo():
    """The example as a module: few environments, rollouts long enough for endings of both kinds."""
    spec = spec_from_file_location("cleanrl_ppo", EXAMPLE)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ENVS, module.LENGTH = 8, 200
    return module


@pytest.fixture(scope="module", params=[False, True], ids=["SyncVectorEnv", "make_vec"])
def collected(request, ppo):
    torch.manual_seed(1)
    envs = ppo.make_envs(ID, request.param)
    agent = ppo.Agent(envs)
    return agent, ppo.Collector(envs, seed=10).collect(agent)


@pytest.mark.thorough
def test_a_resetting_step_starts_from_the_last_observation_of_the_episode(ppo, collected):
    agent, rollout = collected
    cut = rollout.done & ~rollout.terminated
    assert cut.any()
    assert rollout.terminated.any()
    for row in range(8):
        env = gym.make(ID)
        observation, done = env.reset(seed=10 + row)[0], False
        for t, action in enumerate(rollout.actions[:, row].tolist()):
            seen = torch.from_numpy(observation)
            assert torch.equal(rollout.observations[t, row], seen)
            assert bool(rollout.resetting[t, row]) == done
            with torch.no_grad():
                assert rollout.values[t, row] == pytest.approx(agent(seen)[1].item(), abs=1e-5)
            if done:
                observation, done = env.reset()[0], False
                continue
            observation, reward, terminated, truncated, _ = env.step(action)
            assert rollout.rewards[t, row] == reward
            assert bool(rollout.terminated[t, row]) == terminated
            done = terminated or truncated


@pytest.mark.thorough
def test_advantages_are_sums_of_errors_up_to_the_end_of_the_episode(ppo, collected):
    _, rollout = collected
    advantages = rollout.advantages()
    values, length = rollout.values, len(rollout.done)
    for row in range(8):
        for t in range(length):
            if rollout.resetting[t, row]:
                continue
            expected, weight = 0.0, 1.0
            for later in range(t, length):
                following = 0.0 if rollout.terminated[later, row] else values[later + 1, row].item()
                error = rollout.rewards[later, row].item() + ppo.GAMMA * following
                expected += weight * (error - values[later, row].item())
                weight *= ppo.GAMMA * ppo.LAMBDA
                if rollout.done[later, row]:
                    break
            assert advantages[t, row].item() == pytest.approx(expected, abs=1e-4)


def test_resetting_steps_teach_nothing(ppo, collected):
    agent, rollout = collected
    spoilt = rollout._replace(
        actions=torch.where(rollout.resetting, 4 - rollout.actions, rollout.actions),
        log_probs=torch.where(rollout.resetting, -9.0, rollout.log_probs),
    )
    taught = []
    for each in (rollout, spoilt):
        pupil = deepcopy(agent)
        torch.manual_seed(2)
        ppo.update(pupil, torch.optim.Adam(pupil.parameters()), each)
        taught.append(pupil.state_dict())
    assert all(torch.equal(taught[0][name], taught[1][name]) for name in taught[0])
    assert not torch.equal(taught[0]["value.weight"], agent.value.weight)
