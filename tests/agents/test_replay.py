"""Replay of levels by score: records, lists and replays beside references; what a score reads."""

from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest

from agents import ppo, replay
from agents.compiling import jax, jnp
from agents.networks import LearningMLP
from mesa_gym.envs.levels_in_memory import split_alpha
from mesa_gym.policies import as_policy
from mesa_gym.scoring.record import ENDED, rollout
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import LEVELS, Split
from tests.support.parameters import thorough
from tests.support.refusals import refusals
from tests.support.training import CORNER, FEW, list_own_numbers, small, train_weights

COUNT, STEPS, N = 40, 64, 8  # levels, steps and environments
record = jax.jit(replay.record_episodes)


def choose_lists(*args):
    choose = jax.vmap(lambda key: replay.choose_list(key, *args))
    return map(np.asarray, choose(jax.random.split(jax.random.key(0), 200)))


def start_visits(levels=COUNT, n=N, episodes=0):
    counts, zeros = jnp.full(levels, episodes, jnp.int32), jnp.zeros(levels)
    return replay.Visits(counts, zeros, zeros, jnp.float32(-jnp.inf), jnp.zeros((2, n)))


@pytest.mark.parametrize("length", [16, thorough(32), thorough(64)])
def test_record_equals_loop_for_all_rollout_lengths(length):
    rng, shape = np.random.default_rng(0), (STEPS, N)
    done, row = rng.random(shape) < 0.15, rng.integers(0, COUNT // 2, shape, np.int32)
    earned, sizes = rng.random((2, *shape), np.float32)
    play, visits = replay.LevelPlay(row, done, earned, earned), start_visits()
    for first in range(0, STEPS, length):
        rows = slice(first, first + length)
        visits = record(visits, replay.LevelPlay(*(x[rows] for x in play)), done[rows], sizes[rows])
    (latest, surprise), begin = np.zeros((2, COUNT), np.float32), np.zeros(N, int)
    for t, i in np.argwhere(done):
        latest[row[t, i]], surprise[row[t, i]] = earned[t, i], sizes[begin[i] : t + 1, i].mean()
        begin[i] = t + 1
    np.testing.assert_array_equal(visits.episodes, np.bincount(row[done], minlength=COUNT))
    assert visits.episodes.max() > 2
    np.testing.assert_array_equal(visits.latest, latest)
    np.testing.assert_allclose(visits.surprise, surprise, rtol=1e-5)
    assert visits.largest == earned[done].max()


def test_list_equals_reference_and_draws_ties():
    rng, listings = np.random.default_rng(1), np.zeros(COUNT)
    scores, episodes = rng.integers(0, 4, COUNT).astype(np.float32), rng.integers(0, 2, COUNT)
    eligible = np.flatnonzero((episodes > 0) & (scores > 0))  # a score of 0 is solved
    size = int((scores[eligible] == 3).sum() + (scores[eligible] == 2).sum() // 2)
    lists, lengths = choose_lists(scores, episodes, size)
    for rows, length in zip(lists, lengths, strict=True):
        assert length == size == len({*rows.tolist()})
        assert sorted(scores[rows]) == sorted(scores[eligible])[-size:]
        listings[rows] += 1
    assert {*np.flatnonzero(listings)} <= {*eligible}
    assert np.ptp(listings[eligible][scores[eligible] == 2]) < 6 * (200 / 4) ** 0.5
    lists, lengths = choose_lists(scores, episodes, COUNT)
    assert sorted(lists[0, : lengths[0]].tolist()) == eligible.tolist()


@pytest.mark.thorough
def test_replays_have_their_share_and_are_even():
    inner = SimpleNamespace(num_envs=4000, trap=CORNER, settings=SimpleNamespace(reward="cheese"))
    inner.pick_levels = lambda key, alpha: jnp.full(4000, 99)  # a new level
    pick, rows = replay.ReplayedEnv(inner, 0.5).pick, jnp.arange(10)
    picked, replayed = map(np.asarray, pick(jax.random.key(0), replay.LevelChoice(None, rows, 4)))
    assert replayed.mean() == pytest.approx(0.5, abs=4 * 0.5 / 4000**0.5)
    assert ((picked != 99) == replayed).all()
    assert np.bincount(picked[replayed]) / replayed.sum() == pytest.approx([0.25] * 4, abs=0.04)
    assert not pick(jax.random.key(0), replay.LevelChoice(None, rows, 0))[1].any()


@pytest.mark.thorough
def test_replayed_returns_are_discounted():
    inner = SimpleNamespace(num_envs=2, trap=CORNER, settings=SimpleNamespace(reward="cheese"))
    inner.pick_levels = lambda key, alpha: jnp.zeros(2, int)
    over = jnp.array([False, True])  # the second episode ends at each step
    inner.step_to_level = lambda *_: (None, None, jnp.ones(2), over, {})
    env, choice = replay.ReplayedEnv(inner, 0.5), replay.LevelChoice(None, jnp.arange(2), 0)
    play = env.begin(jnp.zeros(2, int), over)
    state = replay.ReplayedState(None, play, play)
    for _ in range(2):
        _, state, *_ = env.step(jax.random.key(0), state, None, choice)
    discount = CORNER.discount("cheese")
    np.testing.assert_allclose(state.last.earned, [1 + discount, 1])
    np.testing.assert_allclose(state.now.earned, [1 + discount, 0])


def test_random_replays_ignore_the_split():
    conflict, visits, shares = np.arange(COUNT) % 2 == 1, start_visits(episodes=1), {}
    facts = SimpleNamespace(count=COUNT, optimum=1.0 + conflict, conflict=conflict)
    for score in (replay.exact_regret, replay.at_random, replay.detector):
        lists, lengths = choose_lists(score(visits, facts), visits.episodes, 10)
        assert {*lengths.tolist()} == {10}
        shares[score.__name__] = conflict[lists].mean()
    assert shares["exact_regret"] == shares["detector"] == 1
    assert shares["at_random"] == pytest.approx(0.5, abs=4 * 0.5 / 2000**0.5)


def test_level_that_never_pays_has_no_regret():
    facts = SimpleNamespace(optimum=jnp.ones(COUNT).at[7].set(0))
    visits = start_visits(episodes=1)._replace(largest=1)
    for score, expected in ((replay.exact_regret, False), (replay.failure, True)):
        lists, lengths = choose_lists(score(visits, facts), visits.episodes, COUNT)
        assert (7 in lists[0, : lengths[0]]) == expected


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["oracle:base", "stay"])
def test_oracle_has_no_regret_and_staying_all(policy):
    n, numbers, steps = 2 * COUNT, np.arange(COUNT), CORNER.horizon("train")
    starts = [CORNER.levels(Split.TRAIN, numbers), CORNER.levels(Split.SHIFT, numbers + LEVELS)]
    agent = as_policy(policy, CORNER, steps)
    actions = rollout(agent, CORNER, CORNER.joined(starts), steps).actions.T
    env = LearningMLP(CORNER).make_env(n, alpha=0.5, num_levels=COUNT)
    replayed, rows, ended = replay.ReplayedEnv(env, 0.5), jnp.arange(n), np.zeros(n, bool)
    choice, play = replay.LevelChoice(split_alpha(0.5), rows, 0), replayed.begin(rows, rows < 0)
    state = replay.ReplayedState(env.reset_to_level(rows)[1], play, play)
    visits, step = start_visits(n, n), jax.jit(replayed.step)
    for i, action in enumerate(jnp.where(actions == ENDED, 4, actions)):
        _, state, _, done, _ = step(jax.random.key(i), state, action, choice)
        play = jax.tree.map(lambda x: x[None], state.last)
        visits, ended = record(visits, play, (done & ~ended)[None], jnp.ones((1, n))), ended | done
    facts = replay.LevelFacts(env.settings)
    assert min(ended.all(), facts.optimum.min()) > 0
    expected = facts.optimum * (policy == "stay")
    np.testing.assert_allclose(replay.exact_regret(visits, facts), expected, atol=1e-6)


RUN, read_flags = small(alpha=0.3, steps=4096), replay.LevelFacts.conflict.func


@cache
def train_replay(flipped=False, **options):
    with pytest.MonkeyPatch.context() as patch:
        flags = property(lambda facts: read_flags(facts) != flipped)
        patch.setattr(replay.LevelFacts, "conflict", flags)
        (trained,) = ppo.train([RUN], lambda *_: None, trainer=partial(replay.ReplayPPO, **options))
    return encode_weights(trained.agent.weights), trained.looks[-1].diagnostics


@pytest.mark.thorough
def test_replay_share_of_zero_gives_ppo():
    weights, diagnostics = train_replay(share=0.0)
    assert weights == train_weights(RUN)[0] != train_replay()[0]
    assert diagnostics["replayed"] == 0 < train_replay()[1]["replayed"]


@pytest.mark.thorough
def test_training_does_not_read_the_split():
    (weights, shares), (other_weights, exchanged) = train_replay(), train_replay(flipped=True)
    assert weights == other_weights
    assert shares["mixed_in"] + exchanged["mixed_in"] == pytest.approx(1)


@pytest.mark.thorough
def test_one_program_serves_all_alphas():
    texts, learner = set(), LearningMLP(CORNER)
    for alpha in (0.1, 0.5):
        algo = replay.ReplayPPO(learner, learner.make_env(16, alpha=alpha, num_levels=50), FEW)
        numbers = list_own_numbers(algo, alpha=alpha)
        args = jax.eval_shape(algo.begin, numbers), numbers, np.uint32(1), np.float32(1)
        texts.add(jax.jit(algo.update).lower(*args).as_text())
    assert len(texts) == 1


test_regret_without_solver_is_refused = refusals("agents", "replay", globals())
