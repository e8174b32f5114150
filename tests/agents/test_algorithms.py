"""What every algorithm has in common, and what each one's actor takes over from its model."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from few import few
from reference import wandered

pytest.importorskip("sb3_contrib")
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy

from agents import a2c, actors, dqn, ppo, qrdqn, recurrent_ppo, sb3
from agents.actors import ACTORS, Actor, make_actor
from agents.lesson import Lesson
from agents.networks import NETWORKS, make_network
from agents.saving import save, weights
from agents.train import ALGORITHMS, METHODS, NUM_LEVELS
from mesa_gym import scoring
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.policies import Policy, load_policy
from mesa_gym.traps import Trap, find_trap

STEPS = 1_500


def trained(algo: str, seed: int, steps: int = STEPS, num_levels: int = 300) -> Actor:
    path, network = ALGORITHMS[algo]
    module, _, function = path.partition(":")
    lesson = Lesson(find_trap("CheeseCorner")(), network, seed, steps, num_levels=num_levels)
    return getattr(import_module(module), function)(lesson)


def acts(policy: Policy, trap: Trap) -> np.ndarray:
    """What a policy does in four steps, before the third of which episodes begin in some rows."""
    states = [wandered(trap, 100, steps) for steps in (0, 3, 6, 9)]
    rng, some = np.random.default_rng(0), np.arange(100) % 3 == 0
    policy.reset(np.ones(100, dtype=bool), rng)
    done = []
    for step, state in enumerate(states):
        if step == 2:
            policy.reset(some, rng)
        done.append(np.asarray(policy.act(trap.observe(state))))
    return np.stack(done)


# -- every algorithm -------------------------------------------------------------------------------


@pytest.mark.parametrize("algo", few(ALGORITHMS, "ppo", "bc", "recurrent-ppo-cnn"))
def test_trains_saves_reloads_and_is_scored(algo: str, tmp_path: Path) -> None:
    trap = find_trap("CheeseCorner")()
    actor = trained(algo, 1)
    save(tmp_path / "agent", weights(actor), actor.kind, ALGORITHMS[algo][1], trap, {})
    loaded = load_policy(str(tmp_path / "agent"), trap, 64)
    done = acts(actor, trap)
    np.testing.assert_array_equal(acts(loaded, trap), done)
    assert done.shape == (4, 100, 5)
    np.testing.assert_allclose(done.sum(axis=2), 1, atol=1e-12)
    card = scoring.score(str(tmp_path / "agent"), trap, levels=10)
    assert card.splits.test.normalized_return["cheese"] < 1


@pytest.mark.parametrize("algo", few(METHODS, "ppo", "dqn"))
def test_training_repeats_itself_and_seeds_differ(algo: str) -> None:
    one, again, other = (weights(trained(algo, seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other


# Behaviour cloning learns from demonstrations, not in environments.
@pytest.mark.parametrize("algo", few([algo for algo in METHODS if algo != "bc"], "ppo", "dqn"))
def test_neighbouring_seeds_share_no_stream_of_levels(
    algo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: dict[int, set[int]] = {0: set(), 1: set(), 2: set()}
    reset = TrapVectorEnv.reset

    def noting(env: TrapVectorEnv, **options: Any) -> Any:
        begun = reset(env, **options)
        used[seed].update(env.np_random_seed)
        return begun

    monkeypatch.setattr(TrapVectorEnv, "reset", noting)
    for seed in used:
        trained(algo, seed, steps=1)
    assert all(used.values())
    assert not used[0] & used[1]
    assert not used[1] & used[2]
    if algo != "ppo-ensemble":  # whose members have seeds of their own
        assert [min(seeds) for seeds in used.values()] == [0, 100_000, 200_000]


# These learn nothing from their first thousands of steps, or share them among members.
LATE = {"ppo-ensemble", "plr", "plr-exact"}


@pytest.mark.parametrize("algo", few(METHODS, "ppo", "plr", "dqn"))
def test_every_step_is_told_and_parts_are_kept(algo: str) -> None:
    path, network = ALGORITHMS[algo]
    steps = 40_000 if algo in LATE else 10_000
    told: list[int] = []
    kept: dict[int, bytes] = {}
    lesson = Lesson(
        find_trap("CheeseCorner")(),
        network,
        1,
        steps,
        num_levels=300,
        progress=told.append,
        parts=2,
        keep=lambda steps, actor: kept.update({steps: weights(actor)}),
    )
    module, _, function = path.partition(":")
    actor = getattr(import_module(module), function)(lesson)
    assert steps <= sum(told) < 2 * steps
    assert list(kept) == [steps // 2]
    assert kept[steps // 2] != weights(actor)
    assert lesson.curve.points()


# -- actors and their models -----------------------------------------------------------------------


@pytest.fixture
def lesson(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Lesson:
    """One on KeysChests, with features in full precision, as actors have them."""
    monkeypatch.setattr(sb3, "BF16", False)
    return Lesson(find_trap("KeysChests")(), request.param, 3, 1)


networks = pytest.mark.parametrize("lesson", NETWORKS, indirect=True)


def seen(lesson: Lesson, planes: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(make_network(lesson.network, lesson.trap).view(planes))


def made_bold(*layers: torch.nn.Module) -> None:
    """Fresh networks make next to no difference between states."""
    for layer in layers:
        for parameter in layer.parameters():
            parameter.data *= 5


@networks
@pytest.mark.parametrize("algorithm", [ppo, a2c])
def test_an_actor_critic_has_its_model_s_chances(algorithm, lesson: Lesson) -> None:
    model = algorithm.make_model(lesson)
    planes = lesson.trap.observe(wandered(lesson.trap))
    with torch.inference_mode():
        expected = model.policy.get_distribution(seen(lesson, planes)).distribution.probs.numpy()
    np.testing.assert_allclose(sb3.actor_of(model).act(planes), expected, atol=1e-6)
    assert np.ptp(expected, axis=0).max() > 1e-3


@networks
@pytest.mark.parametrize("algorithm", [dqn, qrdqn])
def test_a_q_network_has_its_model_s_values_and_takes_the_best(algorithm, lesson: Lesson) -> None:
    """Mostly; and the quantiles' mean is folded into the last layer."""
    model = algorithm.make_model(lesson)
    network = model.q_net if algorithm is dqn else model.quantile_net
    made_bold(network.features_extractor)
    actor = algorithm.actor_of(model)
    planes = lesson.trap.observe(wandered(lesson.trap))
    given = seen(lesson, planes)
    with torch.inference_mode():
        values = network(given) if algorithm is dqn else network(given).mean(dim=1)
        np.testing.assert_allclose(actor(planes), values, rtol=1e-4, atol=1e-4)
    chosen, _ = model.predict(given.numpy(), deterministic=True)
    clear = np.diff(np.sort(values.numpy()))[:, -1] > 1e-3
    assert clear.sum() > 200
    expected = np.eye(5)[chosen] * (1 - actors.SLIPS) + actors.SLIPS / 5
    np.testing.assert_allclose(actor.act(planes)[clear], expected[clear], atol=1e-12)
    assert len(np.unique(chosen)) > 1


@networks
def test_a_recurrent_actor_has_its_model_s_chances_step_after_step(lesson: Lesson) -> None:
    """Some episodes begin on the way; others' memories go on."""
    model = recurrent_ppo.make_model(lesson)
    actor, policy = recurrent_ppo.actor_of(model), model.policy
    made_bold(policy.action_net)
    rng, n = np.random.default_rng(0), 100
    memory = tuple(torch.zeros(1, n, actors.MEMORY) for _ in range(2))
    begin = np.ones(n, dtype=bool)
    forgetful = []
    for step in range(6):
        planes = lesson.trap.observe(wandered(lesson.trap, n, 2 * step))
        actor.reset(begin, rng)
        with torch.inference_mode():
            given, starts = seen(lesson, planes), torch.from_numpy(begin).float()
            distribution, memory = policy.get_distribution(given, memory, starts)
        got = actor.act(planes)
        np.testing.assert_allclose(got, distribution.distribution.probs.numpy(), atol=1e-6)
        fresh = ACTORS["recurrent"](actor.network)
        fresh.load_state_dict(actor.state_dict())
        fresh.reset(np.ones(n, dtype=bool), rng)
        forgetful.append(np.abs(fresh.act(planes) - got).max(axis=1))
        begin = rng.random(n) < 0.2
    assert forgetful[0].max() < 1e-6
    assert np.median(forgetful[-1]) > 1e-4  # the past does count


@networks
def test_quick_updates_of_the_recurrent_policy_are_those_of_sb3_contrib(lesson: Lesson) -> None:
    """On batches of a rollout, padded, with episodes that begin in the middle."""
    model = recurrent_ppo.make_model(lesson)
    model.learn(1)  # one rollout
    quick = model.policy
    keywords = model.policy_kwargs | {"features_extractor_class": sb3.Features}
    original = RecurrentActorCriticPolicy(
        model.observation_space, model.action_space, lambda _: 0.0, **keywords
    )
    original.load_state_dict(quick.state_dict())
    for batch in model.rollout_buffer.get(500):
        real = batch.mask > 0
        assert not real.all()
        assert batch.episode_starts.sum() > 0
        given = (
            batch.observations,
            batch.actions.long().flatten(),
            batch.lstm_states,
            batch.episode_starts,
        )
        with torch.no_grad():
            pairs = zip(
                quick.evaluate_actions(*given), original.evaluate_actions(*given), strict=True
            )
            for got, expected in pairs:
                np.testing.assert_allclose(got.flatten()[real], expected.flatten()[real], atol=1e-5)


def test_a_target_network_is_not_the_network() -> None:
    """They would be one, if both were given the lesson's."""
    model = dqn.make_model(Lesson(find_trap("CheeseCorner")(), "centred", 0, 1))
    both = zip(model.q_net.parameters(), model.q_net_target.parameters(), strict=True)
    for learning, target in both:
        assert learning.data_ptr() != target.data_ptr()
        assert torch.equal(learning, target)


@pytest.mark.parametrize("kind", ACTORS)
@pytest.mark.parametrize("network", NETWORKS)
def test_what_an_actor_does_does_not_depend_on_its_batch(kind: str, network: str) -> None:
    """To the last bit, since a sampled action can hang on that."""
    trap = find_trap("KeysChests")()
    actor = make_actor(kind, network, trap)
    states = [trap.observe(wandered(trap, 130, steps)) for steps in (3, 6)]
    rng = np.random.default_rng(0)

    def played(rows: slice) -> np.ndarray:
        actor.reset(np.ones(len(states[0][rows]), dtype=bool), rng)
        return np.stack([actor.act(planes[rows]) for planes in states])

    together = played(slice(None))
    for size in (1, 7, 100):
        parts = [played(slice(first, first + size)) for first in range(0, 130, size)]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), together)


# -- slow: each one learns -------------------------------------------------------------------------

# Environment steps; at most those recommended in agents/README.md.
ENOUGH = {"a2c": 1_000_000, "recurrent-ppo": 200_000}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("algo", ALGORITHMS)
def test_becomes_competent(algo: str) -> None:
    trap = find_trap("CheeseCorner")()
    actor = trained(algo, 0, ENOUGH.get(algo, 600_000), NUM_LEVELS)
    card = scoring.score(actor, trap, levels=300)
    assert card.splits.test.normalized_return["cheese"] >= 0.9
