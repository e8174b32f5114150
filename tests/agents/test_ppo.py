"""PPO: rollouts, advantages, losses, and stacks of agents that do not touch each other."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from kernels import KernelCount
from parameters import each_trap, thorough
from torch.distributions import Categorical
from training import lesson

from agents import ppo
from agents.playing import DeviceEnvs, HostEnvs, Variation
from agents.ppo import Learner, StackRollout
from agents.ppo_settings import PPOSettings
from agents.stacks import compute_outputs
from agents.symmetry import Symmetric
from mesa_gym.trained.inputs import CentredInputs

USUAL = PPOSettings()


def asked(*seeds, **more):
    return lesson(*seeds, **({"steps": 2 * USUAL.rollout_steps, "num_levels": 200} | more))


def learner(asked, updates=0):
    torch.set_num_threads(1)
    view = CentredInputs(asked.trap)
    if asked.device:
        envs = DeviceEnvs(asked, view, asked.device)
    else:
        envs = HostEnvs(asked, view, Variation())
    made = Learner(envs, asked, view.count)
    for _ in range(updates):
        made.update()
    return made


both_traps = pytest.mark.parametrize("trap", ["CheeseCorner", thorough("MonsterWorld")])


@both_traps
@pytest.mark.parametrize("norm", [USUAL.gradient_norm, 0.003])
def test_learner_trains_alike_beside_others(norm, trap):
    """To the last bit, in full precision, whether or not its gradients are clipped."""
    more = {"trap": trap, "settings": replace(USUAL, gradient_norm=norm)}
    together, alone = (learner(asked(*s, **more), 2).stack for s in (range(5), (3,)))
    assert all(torch.equal(one[0], of[3]) for one, of in zip(alone, together, strict=True))
    for one, other in itertools.combinations(together.first, 2):
        assert (one - other).abs().max() > 0.01


@pytest.mark.thorough
@both_traps
def test_environments_in_torch_are_those_in_numpy(trap):
    both = [learner(asked(1, 3, trap=trap, device=device)) for device in (None, "cpu")]
    host, device = (each.play(*torch.zeros(2, 2)) for each in both)
    filled = torch.zeros(device.inputs.shape, dtype=torch.uint8).scatter(2, host.inputs, 1)
    filled[..., -1] = 0  # what lists are filled up with
    assert torch.equal(filled, device.inputs)
    assert torch.equal(host.actions, device.actions)
    np.testing.assert_allclose(host.advantages, device.advantages, atol=1e-5)
    assert host.advantages.abs().max() > 0.1
    for each in both * 2:
        each.update()
    for one, other in zip(*(each.stack for each in both), strict=True):
        np.testing.assert_allclose(one.detach(), other.detach(), atol=1e-3)


def test_restoring_what_lasts_restores_an_update():
    """A CUDA graph needs it: the same tensors in the same place, and nothing else that changes."""
    few = PPOSettings(environments=16)
    made = learner(asked(1, 3, trap="MonsterWorld", device="cpu", settings=few))
    places = [each.data_ptr() for each in made.list_lasting_tensors()]
    before = [each.detach().clone() for each in made.list_lasting_tensors()]
    results = []
    for _ in range(2):
        with torch.no_grad():
            for now, then in zip(made.list_lasting_tensors(), before, strict=True):
                now.copy_(then)
        told = made.update()
        assert [each.data_ptr() for each in made.list_lasting_tensors()] == places
        results.append([each.detach().clone() for each in (*made.list_lasting_tensors(), *told)])
    assert all(map(torch.equal, *results))
    # Moments of Muon's square are not used, and some of a state's arrays stay.
    changing = 3 + len(made.stack)
    assert not any(map(torch.equal, before[:changing], results[0][:changing]))


@each_trap
def test_update_reads_no_tensor_values(trap):
    """Tensors without values: an update that asks for one cannot be captured as a graph."""
    few = PPOSettings(environments=4, rollout_length=2, minibatches=2)
    made = learner(asked(1, 3, trap=trap(), device="meta", num_levels=3, settings=few))
    before = [(each.shape, each.dtype) for each in made.list_lasting_tensors()]
    with KernelCount() as kernels:
        told = made.update()
    assert kernels.count > 2 * 100
    assert [each.shape for each in told] == [(2,), (2,)]
    assert {each.device.type for each in (*told, *made.list_lasting_tensors())} == {"meta"}
    assert [(each.shape, each.dtype) for each in made.list_lasting_tensors()] == before


def test_chances_give_legal_actions():
    """A step on a device checks none of them, so that extreme scores must not give others."""
    made = learner(asked(1, 3, device="cpu", settings=PPOSettings(environments=4)))
    scores = torch.tensor([0.0, 1e30, -1e30, float("inf"), float("nan")])
    made.compute = lambda stack, inputs: (scores.expand(2, 4, 5), torch.zeros(2, 4))
    played = made.play(*torch.zeros(2, 2))
    assert ((played.actions >= 0) & (played.actions < 5)).all()


def test_train_on_a_device_refuses_host_parts():
    with pytest.raises(ValueError, match="Symmetric is computed in NumPy; leave out the device"):
        ppo.train_agents(asked(device="cpu"), Symmetric((9, 9), 128, 1))
    with pytest.raises(ValueError, match="num_levels must be a number"):
        ppo.train(asked(device="cpu", num_levels=None))


class FixedEnvironments:
    """Environments whose rewards and ends were drawn beforehand."""

    def __init__(self, envs):
        rng, shape = np.random.default_rng(0), (USUAL.rollout_length, 2, envs)
        self.seen = torch.from_numpy(rng.integers(0, 50, (USUAL.rollout_length + 1, 2, envs, 6)))
        self.paid = torch.from_numpy(rng.random(shape, dtype=np.float32))
        self.done = torch.from_numpy(rng.random(shape) < 0.2)
        self.late = self.done & torch.from_numpy(rng.random(shape) < 0.5)
        self.taken = []

    def inputs(self):
        return self.seen[len(self.taken)]

    def step(self, actions):
        now = len(self.taken)
        self.taken.append(actions)
        return self.paid[now], self.done[now], self.late[now]


def recorded(envs, opinion, **settings):
    """A learner of 50 inputs and some opinion."""
    own = PPOSettings(environments=envs, **settings)
    made = Learner(FixedEnvironments(envs), lesson(1, 2, settings=own), 50)
    made.stack.outputs.data *= opinion
    return made


def test_rollout_advantages_and_returns_equal_a_loop():
    made, sums = recorded(3, 3), torch.zeros(2, 2)
    envs, played = made.envs, made.play(sums[0], sums[1])
    done, late, paid = envs.done.numpy(), envs.late.numpy(), envs.paid.numpy()
    with torch.no_grad():
        scores, values = zip(
            *(compute_outputs(made.stack, seen) for seen in envs.seen), strict=True
        )
    values = torch.stack(values).numpy()
    advantages, later, total, returns = np.zeros(paid.shape), 0.0, 0.0, np.zeros((2, 2))
    for t in reversed(range(USUAL.rollout_length)):
        following = np.where(late[t], values[t], np.where(done[t], 0.0, values[t + 1]))
        delta = paid[t] + 0.95 * following - values[t]
        advantages[t] = later = delta + np.where(done[t], 0.0, 0.95 * 0.95 * later)
    for t in range(USUAL.rollout_length):
        total += paid[t]
        returns += (total * done[t]).sum(axis=1), done[t].sum(axis=1)
        total = np.where(done[t], 0.0, total)
    assert late.any()
    assert (done & ~late).any()
    actions = torch.stack(envs.taken)
    logs = Categorical(logits=torch.stack(scores[:-1])).log_prob(actions)
    expected = [actions, logs, advantages, advantages + values[:-1]]
    for got, each in zip(played[1:], expected, strict=True):  # of an agent, step by step
        np.testing.assert_allclose(got, np.swapaxes(each, 0, 1).reshape(2, -1), atol=1e-5)
    np.testing.assert_allclose(sums, returns, rtol=1e-5)  # what the curve is told


def test_rollout_actions_follow_their_probabilities():
    made = recorded(600, 300)
    made.envs.seen[:] = 7
    with torch.no_grad():
        chances = compute_outputs(made.stack, made.envs.seen[0])[0].softmax(dim=-1)[:, 0]
    taken = made.play(*torch.zeros(2, 2)).actions
    frequent = torch.stack([(taken == action).float().mean(dim=1) for action in range(5)], dim=1)
    assert (chances[0] - chances[1]).abs().max() > 0.1
    np.testing.assert_allclose(frequent, chances, atol=0.015)


def test_loss_equals_that_of_ppo_by_hand():
    """As Stable-Baselines3 writes it, except that advantages are divided by n, not n - 1."""
    rng, made = np.random.default_rng(0), recorded(1, 30)
    actions = torch.from_numpy(rng.integers(0, 5, (2, 8)))
    numbers = torch.from_numpy(rng.normal(size=(3, 2, 8)).astype(np.float32))
    numbers[0] -= 1.6  # about the logarithm of 1/5: ratios are on both sides of 1
    batch = StackRollout(torch.from_numpy(rng.integers(0, 50, (2, 8, 6))), actions, *numbers)
    expected, sides = 0.0, set()
    with torch.no_grad():
        scores, values = compute_outputs(made.stack, batch.inputs)
        found = float(made.loss(batch, torch.tensor([0.3])))
    for agent in range(2):
        chosen, advantages = Categorical(logits=scores[agent]), batch.advantages[agent]
        advantages = (advantages - advantages.mean()) / advantages.std(unbiased=False)
        ratio = torch.exp(chosen.log_prob(batch.actions[agent]) - batch.likely[agent])
        bounded = torch.clamp(ratio, 0.8, 1.2)
        # The lesser of both is the bounded one where more would be gained.
        sides |= set(torch.sign(ratio - bounded)[advantages * (ratio - bounded) > 0].tolist())
        policy = -torch.min(advantages * ratio, advantages * bounded).mean()
        value = torch.nn.functional.mse_loss(batch.returns[agent], values[agent])
        expected += float(policy + 0.5 * value - 0.3 * 0.01 * chosen.entropy().mean())
    assert sides == {-1.0, 1.0}
    assert found == pytest.approx(expected, rel=1e-5)


def test_update_clips_gradients_and_lowers_the_rate(monkeypatch):
    few = PPOSettings(environments=8, gradient_norm=0.25)
    made, rates, norms = learner(asked(1, 2, steps=4 * few.rollout_steps, settings=few)), [], []
    step = made.optimiser.step

    def noting(found, rate):
        rates.append(float(rate))
        norms.append(torch.cat([each.flatten(1) for each in found], dim=1).norm(dim=1))
        step(found, rate)

    monkeypatch.setattr(made.optimiser, "step", noting)
    for _ in range(4):
        made.update()
    np.testing.assert_allclose(rates, 0.005 * np.repeat([1, 0.75, 0.5, 0.25], 2 * 4))
    assert 0.249 < torch.stack(norms).max() < 0.25 + 1e-5
    assert torch.stack(norms).min() < 0.249  # which is left alone


def test_curve_averages_what_episodes_earned():
    both = lesson(5, 6, steps=400)
    for step, paid in ((1, 0.0), (10, 1.0), (11, 0.5), (400, 3.0)):
        both.note(1, step, paid)
    list(both.each())[1].note(0, 404, 3.0, 2)
    assert both.curve(1) == [(10, 0.5), (20, 0.5), (400, 2.0)]
    assert both.curve(0) == []


def test_learner_takes_the_discount_of_its_objective():
    found = [learner(asked(trap="TreeFarm", reward=r)).discount for r in ("soon", "base")]
    assert found == [0.8, 0.95]
