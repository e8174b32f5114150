"""Replay of levels by score: records, lists and replays beside references; what a score reads."""

from dataclasses import replace
from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest

from agents import ppo, replay
from agents.compiling import jax, jnp
from agents.networks import LearningMLP
from agents.replay import LevelChoice, LevelPlay, ReplayedEnv, ReplayedState, ReplayPPO, Visits
from agents.run import Run
from mesa_gym.envs.levels_in_memory import split_alpha
from mesa_gym.policies import as_policy
from mesa_gym.scoring.record import ENDED, rollout
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import Split
from tests.support.training import CORNER, FEW, list_own_numbers, small, train_weights

LEVELS, STEPS, N = 40, 64, 8
EMPTY = Visits(
    jnp.zeros(LEVELS, jnp.int32), jnp.zeros(LEVELS), jnp.zeros(LEVELS), jnp.float32(-jnp.inf),
    jnp.zeros((2, N)),
)  # fmt: skip


@cache
def draw_plays(seed=0):
    """Draw episodes of n environments: plays, ends and advantages."""
    rng, shape = np.random.default_rng(seed), (STEPS, N)
    done, row = rng.random(shape) < 0.15, rng.integers(0, LEVELS // 2, shape)
    earned = rng.random(shape, np.float32)
    play = LevelPlay(row.astype(np.int32), rng.random(shape) < 0.5, earned, earned)
    return play, done, rng.random(shape, np.float32)


def record_in_rollouts(length):
    visits, arrays = EMPTY, draw_plays()
    for first in range(0, STEPS, length):
        part = jax.tree.map(lambda x: jnp.asarray(x[first : first + length]), arrays)  # noqa: B023
        visits = replay.record_episodes(visits, *part)
    return visits


@pytest.mark.parametrize("length", [16, 32, 64])
def test_record_equals_loop_for_all_rollout_lengths(length):
    """A score does not depend on the step at which a rollout ends."""
    play, done, sizes = draw_plays()
    episodes, latest, surprise = np.zeros(LEVELS, int), np.zeros(LEVELS), np.zeros(LEVELS)
    first = np.zeros(N, int)
    for t in range(STEPS):
        for i in np.flatnonzero(done[t]):
            row = play.row[t, i]
            episodes[row] += 1
            latest[row], surprise[row] = play.earned[t, i], sizes[first[i] : t + 1, i].mean()
            first[i] = t + 1
    assert episodes.max() > 2
    visits = record_in_rollouts(length)
    np.testing.assert_array_equal(visits.episodes, episodes)
    np.testing.assert_array_equal(visits.latest, latest.astype(np.float32))
    np.testing.assert_allclose(visits.surprise, surprise, rtol=1e-5)
    assert visits.largest == play.earned[done].max()


def test_list_equals_reference_and_draws_ties():
    rng, listings = np.random.default_rng(1), np.zeros(LEVELS)
    scores = rng.integers(0, 4, LEVELS).astype(np.float32)  # 0 is solved
    episodes = rng.integers(0, 2, LEVELS)
    eligible = np.flatnonzero((episodes > 0) & (scores > 0))
    size = 1 + (scores[eligible] == 3).sum() + (scores[eligible] == 2).sum() // 2
    for seed in range(200):
        args = jax.random.key(seed), jnp.asarray(scores), jnp.asarray(episodes)
        rows, listed = (np.asarray(x) for x in replay.choose_list(*args, int(size)))
        assert listed == size == len({*rows.tolist()})
        best = np.sort(scores[eligible])[::-1][:size]
        assert sorted(scores[rows], reverse=True) == best.tolist()
        listings[rows] += 1
    assert {*np.flatnonzero(listings)} <= {*eligible}
    ties = listings[eligible[scores[eligible] == 2]]
    assert np.ptp(ties) < 6 * np.sqrt(200 / 4)  # at most six standard deviations
    rows, listed = replay.choose_list(*args, LEVELS)
    assert sorted(np.asarray(rows)[:listed].tolist()) == eligible.tolist()


class DrawnEnv:
    """Environments that draw level 99, so that other levels are replays."""

    trap, settings = CORNER, SimpleNamespace(reward="cheese")

    def __init__(self, num_envs):
        self.num_envs = num_envs

    def pick_levels(self, key, alpha):
        return jnp.full(self.num_envs, 99)


def test_replays_have_their_share_and_are_even():
    env, rows = ReplayedEnv(DrawnEnv(4000), 0.5), jnp.arange(10)
    picked, replayed = map(np.asarray, env.pick(jax.random.key(0), LevelChoice(0, rows, 4)))
    assert replayed.mean() == pytest.approx(0.5, abs=4 * 0.5 / 4000**0.5)
    assert ((picked != 99) == replayed).all()
    assert np.bincount(picked[replayed], minlength=4) / replayed.sum() == pytest.approx(
        [0.25] * 4, abs=0.04
    )
    assert not env.pick(jax.random.key(0), LevelChoice(0, rows, 0))[1].any()


def test_control_replays_as_much_without_regard_to_split():
    conflict = np.arange(LEVELS) % 2 == 1
    facts = SimpleNamespace(count=LEVELS, optimum=1.0 + conflict, conflict=conflict)
    visits = EMPTY._replace(episodes=jnp.ones(LEVELS, jnp.int32))
    shares = {}
    for score in (replay.exact_regret, replay.at_random, replay.detector):
        lists = [
            replay.choose_list(jax.random.key(seed), score(visits, facts), visits.episodes, 10)
            for seed in range(100)
        ]
        assert {int(listed) for _, listed in lists} == {10}
        shares[score.__name__] = np.mean([conflict[rows] for rows, _ in lists])
    assert shares["exact_regret"] == shares["detector"] == 1
    assert shares["at_random"] == pytest.approx(0.5, abs=4 * 0.5 / 1000**0.5)


def test_level_that_never_pays_has_no_regret():
    facts = SimpleNamespace(count=LEVELS, optimum=jnp.ones(LEVELS).at[7].set(0))
    visits = EMPTY._replace(episodes=jnp.ones(LEVELS, jnp.int32), largest=jnp.float32(1))
    for score, expected in ((replay.exact_regret, False), (replay.failure, True)):
        scores = score(visits, facts)
        rows, listed = replay.choose_list(jax.random.key(0), scores, visits.episodes, LEVELS)
        assert (7 in np.asarray(rows)[:listed]) == expected


def test_scores_follow_levels_and_not_their_rows():
    """If levels change places, their scores change places with them."""
    visits, order = record_in_rollouts(64), np.random.default_rng(2).permutation(LEVELS)
    optimum = np.random.default_rng(3).random(LEVELS, np.float32)
    moved = jax.tree.map(lambda x: x[order] if x.shape == (LEVELS,) else x, visits)
    for score in (replay.exact_regret, replay.failure, replay.surprise):
        scores, others = (
            np.asarray(score(x, SimpleNamespace(optimum=y)))
            for x, y in ((visits, optimum), (moved, optimum[order]))
        )
        np.testing.assert_array_equal(scores[order], others)


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["oracle:base", "stay"])
def test_oracle_has_no_regret_and_staying_all(policy):
    """On every level of the bank, within the rounding of returns."""
    n, trap = 2 * LEVELS, CORNER
    env = LearningMLP(trap).make_env(n, alpha=0.5, num_levels=LEVELS)
    replayed, facts = ReplayedEnv(env, 0.5), replay.LevelFacts(env.settings)
    rows, choice = jnp.arange(n), LevelChoice(split_alpha(0.5), jnp.zeros(1, jnp.int32), 0)
    numbers = np.arange(LEVELS)
    starts = [trap.levels(Split.TRAIN, numbers), trap.levels(Split.SHIFT, numbers + 2**48)]
    steps = trap.horizon("train")
    actions = rollout(as_policy(policy, trap, steps), trap, trap.joined(starts), steps).actions.T
    play = replayed.begin(rows, rows < 0)
    state, step = ReplayedState(env.reset_to_level(rows)[1], play, play), jax.jit(replayed.step)
    plays, ends, over = [], [], np.zeros(n, bool)
    for action in actions:
        key = jax.random.key(len(ends))
        _, state, _, done, _ = step(key, state, jnp.where(action == ENDED, 4, action), choice)
        plays.append(state.last)
        ends.append(done & ~over)
        over |= np.asarray(done)
    assert over.all()
    visits = Visits(*(jnp.zeros(n, int), jnp.zeros(n), jnp.zeros(n), 0.0, jnp.zeros((2, n))))
    play, done = jax.tree.map(lambda *x: jnp.stack(x), *plays), jnp.stack(ends)
    visits = replay.record_episodes(visits, play, done, jnp.ones(done.shape))
    regret = replay.exact_regret(visits, facts)
    expected = facts.optimum * (policy == "stay")
    np.testing.assert_allclose(regret, expected, atol=1e-6)
    assert facts.optimum.min() > 0


RUN = small(alpha=0.3, steps=16 * FEW.rollout_steps)


@cache
def train_replay(flipped=False, **options):
    """The weights and diagnostics of a training; ``flipped`` exchanges the flags of levels."""
    flags = replay.LevelFacts.conflict.func
    with pytest.MonkeyPatch.context() as patch:
        change = property(lambda facts: flags(facts) != flipped)
        patch.setattr(replay.LevelFacts, "conflict", change)
        trainer = partial(ReplayPPO, **options)
        (trained,) = ppo.train([RUN], lambda *_: None, trainer=trainer)
    return encode_weights(trained.agent.weights), trained.looks[-1].diagnostics


@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_share_of_zero_gives_ppo_bit_for_bit():
    weights, diagnostics = train_replay(share=0.0)
    assert weights == train_weights(RUN)[0] != train_replay()[0]
    assert [*diagnostics] == ["replayed", "mixed_in"]
    assert diagnostics["replayed"] == 0 < train_replay()[1]["replayed"]


@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_training_does_not_read_the_split():
    """With the flags of levels exchanged, weights are equal, and only diagnostics differ."""
    (weights, shares), (others, exchanged) = train_replay(), train_replay(flipped=True)
    assert weights == others
    assert shares["mixed_in"] + exchanged["mixed_in"] == pytest.approx(1)


@pytest.mark.thorough
def test_one_program_serves_all_alphas():
    texts = set()
    for alpha in (0.1, 0.5):
        env = LearningMLP(CORNER).make_env(16, alpha=alpha, num_levels=50)
        made = ReplayPPO(LearningMLP(CORNER), env, replace(FEW))
        numbers = list_own_numbers(made, alpha=alpha)
        args = jax.eval_shape(made.begin, numbers), numbers, np.uint32(1), np.float32(1)
        texts.add(jax.jit(made.update).lower(*args).as_text())
    assert len(texts) == 1


def test_trap_without_solver_has_no_regret():
    run = Run("MonsterWorld", "agents.cures:replay_by_regret", alpha=0.1, num_levels=8)
    with pytest.raises(ValueError, match=r"no exact solver: .*; use replay_by_failure instead"):
        run.algorithm.find_function()([run])
