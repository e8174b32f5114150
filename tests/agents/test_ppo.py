"""PPO: rollouts, advantages, losses, and stacks of agents that do not touch each other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from earning import earned

from agents import ppo
from agents.lesson import Lesson
from agents.networks import Centred, Network, Optimiser, fresh, outputs
from agents.playing import DeviceEnvs, HostEnvs, Variation
from agents.ppo import Learner, Rollout
from agents.saving import weights
from agents.symmetry import Symmetric
from mesa_gym.policies import uniform
from mesa_gym.traps import find_trap

ROLLOUT = ppo.ENVS * ppo.LENGTH


def lesson(*seeds: int, trap: str = "CheeseCorner", steps: int = 2 * ROLLOUT, **more) -> Lesson:
    return Lesson(find_trap(trap)(), seeds, steps, **({"num_levels": 200} | more))


def learner(asked: Lesson) -> Learner:
    torch.set_num_threads(1)
    view = Centred(asked.trap)
    if asked.device:
        return Learner(DeviceEnvs(asked, ppo.ENVS, view, asked.device), asked, view.count)
    return Learner(HostEnvs(asked, ppo.ENVS, view, Variation()), asked, view.count)


def learnt(asked: Lesson) -> list[list[np.ndarray]]:
    """The parameters of each agent after two updates, in full precision."""
    made = learner(asked)
    for _ in range(2):
        made.update()
    return [[each[a].detach().numpy() for each in made.stack] for a in range(len(asked.seeds))]


# -- a stack of agents -----------------------------------------------------------------------------


both_traps = pytest.mark.parametrize("trap", ["CheeseCorner", "MonsterWorld"])


@both_traps
def test_an_agent_learns_the_same_alone_and_beside_others(trap: str) -> None:
    """To the last bit."""
    together = learnt(lesson(1, 3, 7, trap=trap))
    (alone,) = learnt(lesson(3, trap=trap))
    for one, other in zip(alone, together[1], strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in itertools.combinations(together, 2):
        assert np.abs(one[0] - other[0]).max() > 0.01


@both_traps
def test_environments_in_torch_are_those_in_numpy(trap: str) -> None:
    both = [learner(lesson(1, 3, trap=trap, device=device)) for device in (None, "cpu")]
    played = [each.play(*torch.zeros(2, 2)) for each in both]
    filled = torch.zeros(played[1].inputs.shape, dtype=torch.uint8)
    filled.scatter_(2, played[0].inputs, 1)
    filled[..., -1] = 0  # what lists are filled up with
    assert torch.equal(filled, played[1].inputs)
    assert torch.equal(played[0].actions, played[1].actions)
    np.testing.assert_allclose(played[0].advantages, played[1].advantages, atol=1e-5)
    assert played[0].advantages.abs().max() > 0.1
    found = [learnt(lesson(1, trap=trap, device=device))[0] for device in (None, "cpu")]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_restoring_what_lasts_restores_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CUDA graph needs it: the same tensors in the same place, and nothing else that changes."""
    monkeypatch.setattr(ppo, "ENVS", 16)
    made = learner(lesson(1, 3, trap="MonsterWorld", device="cpu"))
    places = [each.data_ptr() for each in made.lasting()]
    before = [each.detach().clone() for each in made.lasting()]
    results = []
    for _ in range(2):
        with torch.no_grad():
            for now, then in zip(made.lasting(), before, strict=True):
                now.copy_(then)
        told = made.update()
        assert [each.data_ptr() for each in made.lasting()] == places
        results.append([each.detach().clone() for each in (*made.lasting(), *told)])
    assert all(itertools.starmap(torch.equal, zip(*results, strict=True)))
    unchanged = [torch.equal(*pair) for pair in zip(before, results[0], strict=False)]
    # Moments of Muon's square are not used, and some of a state's arrays stay.
    assert not any(unchanged[: 3 + len(made.stack)])


def test_a_variation_on_a_device_is_refused() -> None:
    with pytest.raises(ValueError, match="Symmetric is computed in NumPy; leave out the device"):
        ppo.trained(lesson(1, device="cpu"), Symmetric((9, 9), ppo.ENVS, 1))
    with pytest.raises(ValueError, match="num_levels must be a number"):
        ppo.train(lesson(1, device="cpu", num_levels=None))


# -- against plain formulas ------------------------------------------------------------------------


class Recorded:
    """Environments whose rewards and ends were drawn beforehand."""

    def __init__(self, agents: int, inputs: int) -> None:
        rng = np.random.default_rng(0)
        shape = (ppo.LENGTH, agents, ppo.ENVS)
        self.seen = torch.from_numpy(rng.integers(0, inputs, (ppo.LENGTH + 1, *shape[1:], 6)))
        self.paid = torch.from_numpy(rng.random(shape, dtype=np.float32))
        self.done = torch.from_numpy(rng.random(shape) < 0.2)
        self.late = self.done & torch.from_numpy(rng.random(shape) < 0.5)
        self.now, self.taken = 0, []

    def inputs(self) -> torch.Tensor:
        return self.seen[self.now]

    def step(self, actions: torch.Tensor) -> Any:
        self.taken.append(actions)
        self.now += 1
        return self.paid[self.now - 1], self.done[self.now - 1], self.late[self.now - 1]

    def lasting(self) -> list[torch.Tensor]:
        return []


def test_advantages_and_returns_are_those_of_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppo, "ENVS", 3)
    envs, asked = Recorded(2, 50), lesson(1, 2)
    made = Learner(envs, asked, 50)
    with torch.no_grad():
        made.stack.outputs.mul_(3)
        values = torch.stack([outputs(made.stack, seen)[1] for seen in envs.seen]).numpy()
        logs = [outputs(made.stack, seen)[0].log_softmax(dim=-1) for seen in envs.seen]
    sums = torch.zeros(2, 2)
    played = made.play(*sums)
    expected, returns = np.zeros((2, ppo.LENGTH, 3)), np.zeros((2, 2))
    for agent, env in itertools.product(range(2), range(3)):
        later, total = 0.0, 0.0
        for t in reversed(range(ppo.LENGTH)):
            done, late = bool(envs.done[t, agent, env]), bool(envs.late[t, agent, env])
            following = values[t + 1 - late, agent, env] if late or not done else 0.0
            delta = envs.paid[t, agent, env] + 0.95 * following - values[t, agent, env]
            later = delta + (0.0 if done else 0.95 * 0.95 * later)
            expected[agent, t, env] = later
        for t in range(ppo.LENGTH):
            total += float(envs.paid[t, agent, env])
            if envs.done[t, agent, env]:
                returns[:, agent] += total, 1
                total = 0.0
    assert envs.late.any()
    assert (envs.done & ~envs.late).any()
    np.testing.assert_allclose(played.advantages, expected.reshape(2, -1), atol=1e-5)
    learnt_from = expected + values[:-1].transpose(1, 0, 2)
    np.testing.assert_allclose(played.returns, learnt_from.reshape(2, -1), atol=1e-5)
    np.testing.assert_allclose(sums, returns, rtol=1e-5)  # what the curve is told
    actions = torch.stack(envs.taken, dim=1).flatten(1)
    assert torch.equal(played.actions, actions)
    likely = torch.stack(logs[:-1], dim=1).flatten(1, 2).gather(2, actions[..., None])[..., 0]
    np.testing.assert_allclose(played.likely, likely, atol=1e-6)


def test_actions_are_as_frequent_as_they_are_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppo, "ENVS", 600)
    envs = Recorded(2, 50)
    envs.seen[:] = 7
    made = Learner(envs, lesson(1, 2), 50)
    with torch.no_grad():
        made.stack.outputs.mul_(300)
        chances = outputs(made.stack, envs.seen[0])[0].softmax(dim=-1)[:, 0]
    taken = made.play(*torch.zeros(2, 2)).actions
    frequent = torch.stack([(taken == action).float().mean(dim=1) for action in range(5)], dim=1)
    assert (chances[0] - chances[1]).abs().max() > 0.1
    np.testing.assert_allclose(frequent, chances, atol=0.015)


def test_the_loss_is_the_usual_one() -> None:
    """As Stable-Baselines3 writes it, except that advantages are divided by n, not n - 1."""
    rng, asked = np.random.default_rng(0), lesson(1, 2)
    made = Learner(Recorded(2, 50), asked, 50)
    made.stack = fresh(50, (1, 2))
    with torch.no_grad():
        made.stack.outputs.mul_(30)
    actions = torch.from_numpy(rng.integers(0, 5, (2, 8)))
    numbers = torch.from_numpy(rng.normal(size=(3, 2, 8)).astype(np.float32))
    numbers[0] -= 1.6  # about the logarithm of 1/5: ratios are on both sides of 1
    batch = Rollout(torch.from_numpy(rng.integers(0, 50, (2, 8, 6))), actions, *numbers)
    expected, sides = 0.0, set()
    with torch.no_grad():
        scores, values = outputs(made.stack, batch.inputs)
        found = float(made.loss(batch, torch.tensor([0.3])))
    for agent in range(2):
        chosen = torch.distributions.Categorical(logits=scores[agent])
        advantages = batch.advantages[agent]
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


def test_gradients_are_clipped_and_the_rate_falls_to_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppo, "ENVS", 8)
    monkeypatch.setattr(ppo, "LARGEST_GRADIENT", 0.25)
    asked = lesson(1, 2, steps=4 * 8 * ppo.LENGTH)
    made, rates, norms = learner(asked), [], []
    step = Optimiser.step

    def noting(optimiser: Optimiser, found: Any, rate: Any) -> None:
        rates.append(float(rate))
        norms.append(torch.cat([each.flatten(1) for each in found], dim=1).norm(dim=1))
        step(optimiser, found, rate)

    monkeypatch.setattr(Optimiser, "step", noting)
    for _ in range(4):
        made.update()
    np.testing.assert_allclose(rates, 0.005 * np.repeat([1, 0.75, 0.5, 0.25], 2 * 4))
    assert 0.249 < torch.stack(norms).max() < 0.25 + 1e-5
    assert torch.stack(norms).min() < 0.249  # which is left alone


# -- a training ------------------------------------------------------------------------------------


def test_checkpoints_are_the_agent_on_its_way_and_leave_training_alone() -> None:
    kept: dict[tuple[int, int], bytes] = {}
    told: list[int] = []
    asked = lesson(
        1,
        3,
        checkpoints=(ROLLOUT // 2, ROLLOUT),
        progress=told.append,
        keep=lambda steps, seed, agent: kept.update({(steps, seed): weights(agent)}),
    )
    ends = [weights(agent) for agent in ppo.train(asked)]
    assert told == [2 * ROLLOUT] * 2
    assert ends == [weights(agent) for agent in ppo.train(lesson(1, 3))]
    assert list(kept) == [(steps, seed) for steps in asked.checkpoints for seed in (1, 3)]
    made = learner(lesson(1, 3))
    made.update()
    for agent, seed in enumerate((1, 3)):
        on_its_way = weights(Network(asked.trap, made.stack, agent))
        assert kept[ROLLOUT, seed] == kept[ROLLOUT // 2, seed] == on_its_way != ends[agent]
    made.update()
    assert ends == [weights(Network(asked.trap, made.stack, agent)) for agent in range(2)]


def test_the_curve_is_what_episodes_earned_while_learning() -> None:
    asked = lesson(5, 6, steps=400)
    for step, paid in ((1, 0.0), (10, 1.0), (11, 0.5), (400, 3.0)):
        asked.note(1, step, paid)
    asked.alone(1).note(0, 404, 3.0, 2)
    assert asked.curve(1) == [(10, 0.5), (20, 0.5), (400, 2.0)]
    assert asked.curve(0) == []


def test_an_objective_with_a_discount_of_its_own_is_learnt_with_it() -> None:
    found = [learner(lesson(0, trap="TreeFarm", reward=r)).discount for r in ("soon", "base")]
    assert found == [0.8, 0.95]


def test_training_is_better_than_random() -> None:
    trap = find_trap("CheeseCorner")(7)
    (agent,) = ppo.train(Lesson(trap, (1,), 40_000))
    corner = [earned(trap, policy, "corner").mean() for policy in (agent, uniform())]
    assert corner[0] > 1.5 * corner[1]
