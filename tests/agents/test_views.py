"""Views of environments: turned, as tiles, with levels that come again."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from parameters import few
from reference import neighbours, wandered
from still import KEY, StillEnv, as_sets
from training import CORNER, small

from agents.compiling import jax, jnp
from agents.networks import LEARNERS
from agents.plr import ReplayEnv, view_replayed
from agents.symmetric import TurnedEnv, find_actions, find_sources, turn_inputs
from agents.tiles import TileView
from mesa_gym import make_jax
from mesa_gym.envs.inputs import CentredInputs
from mesa_gym.envs.supply import bank_of
from mesa_gym.solver import level_values
from mesa_gym.trained.pixels import Tiles
from mesa_gym.traps import LEVELS, Split, all_traps, find_trap

# -- symmetry --------------------------------------------------------------------------------------

OBLONG = find_trap("KeysChests")((9, 13))


@pytest.mark.parametrize("trap", [*(cls() for cls in all_traps().values()), OBLONG], ids=repr)
def test_turned_inputs_equal_inputs_of_turned_planes(trap):
    planes, view = trap.observe(wandered(trap, 40, 20)), CentredInputs(trap)
    inner, n = planes[:, 1:-1, 1:-1], len(planes)
    turned = [np.rot90(x, k, (1, 2)) for x in (inner, inner[:, :, ::-1]) for k in range(4)]
    sources, found = find_sources(trap.size), set()
    for cells in sources:
        picture = planes.reshape(n, trap.cells, -1)[:, cells].reshape(planes.shape)
        found |= {w for w in range(8) if np.array_equal(turned[w], picture[:, 1:-1, 1:-1])}
        expected = as_sets(view.list_inputs(picture), view.count)
        table = turn_inputs(trap, cells)
        assert as_sets(table[view.list_inputs(planes)], view.count) == expected
        picture[:, 1:-1, 1:-1] = inner  # what is held stays in its place
        np.testing.assert_array_equal(picture, planes)
    assert len(found) == len(sources) == (8 if trap.height == trap.width else 4)


@pytest.mark.parametrize("symmetry", range(8))
def test_turned_actions_move_within_the_picture(symmetry):
    """The agent goes where a look at the picture says."""
    state, cells = wandered(CORNER, 60), find_sources(CORNER.size)
    taken = find_actions(cells, CORNER.width)[symmetry]

    def look(state):
        planes = CORNER.observe(state)
        return planes.reshape(60, CORNER.cells, -1)[:, cells[symmetry]].reshape(planes.shape)

    before, agent, wall = look(state), CORNER.channel["agent"], CORNER.channel["wall"]
    for action in range(5):
        after, _, ended = CORNER.step(state, np.full(60, taken[action]))
        picture = look(after)
        for row in (~ended).nonzero()[0]:
            (here,) = map(tuple, np.argwhere(before[row, :, :, agent]).tolist())
            there = [*neighbours(here), here][action]
            there = here if before[row, *there, wall] else there
            assert np.argwhere(picture[row, :, :, agent]).tolist() == [list(there)]


def test_symmetry_is_drawn_once_an_episode():
    n, view = 4000, CentredInputs(CORNER)
    seen = np.repeat(view.list_inputs(CORNER.observe(CORNER.levels("train", [0]))), n, axis=0)
    env = TurnedEnv(StillEnv(CORNER, seen, np.arange(n) % 4 > 0))
    shown, state = env.reset(KEY)
    after, now, *_ = env.step(jax.random.key(1), state, jnp.full(n, 2))
    for way in (state.way, now.way):
        np.testing.assert_allclose(np.bincount(way) / n, 1 / 8, atol=0.02)
    np.testing.assert_array_equal(now.way[::4], state.way[::4])
    assert 0.1 < np.mean(now.way[1::4] == state.way[1::4]) < 0.15
    tables = np.stack([turn_inputs(CORNER, each) for each in find_sources(CORNER.size)])
    for listed, at in ((shown, state), (after, now)):
        np.testing.assert_array_equal(listed, tables[np.asarray(at.way)[:, None], seen])
    actions = find_actions(find_sources(CORNER.size), CORNER.width)
    np.testing.assert_array_equal(now.inner, actions[np.asarray(state.way), 2])


# -- tiles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cls", few(all_traps().values(), type(CORNER), thorough=all_traps().values())
)
def test_tile_view_equals_that_of_agent(cls):
    trap = cls()
    view, planes = Tiles(trap), trap.observe(wandered(trap, 40, 12))
    try:
        expected = as_sets(view.list_inputs(planes), view.count)
    except ValueError:
        pytest.skip("its things change their looks: it has no agents on pictures")
    listed, _ = TileView(StillEnv(trap, planes), view).reset(KEY)
    assert as_sets(listed, view.count) == expected


@pytest.mark.parametrize("name", ["KeysChests", "FollowMe", "DustSweep", "ChuteOrFire"])
def test_pixels_of_changing_traps_are_refused(name):
    with pytest.raises(ValueError, match="train with ppo"):
        LEARNERS["pixels"](find_trap(name)())


# -- levels that come again ------------------------------------------------------------------------


class PaidLevel(NamedTuple):
    row: jax.Array


class PaidState(NamedTuple):
    level: PaidLevel
    step: int


class PaidEnv:
    """Environments of which one ends its episode in each step, which pays what its level pays."""

    trap, num_envs, num_levels = CORNER, 20, 800
    settings = SimpleNamespace(alpha=0)
    pays = jnp.tile(jnp.array([1, 1, 1, 1, 1, 1, 0.5, 0]), 100)

    def reset(self, key):
        level = self.pick_levels(key)
        return level, self.place(level, 0)

    def place(self, level, step):
        return PaidState(PaidLevel(level), step)

    def pick_levels(self, key):
        return jax.random.randint(key, (self.num_envs,), 0, self.num_levels)

    def step_to_level(self, level, state, action):
        done = jnp.arange(self.num_envs) == state.step % self.num_envs
        level = jnp.where(done, level, state.level.row)
        pays = jnp.where(done, self.pays[state.level.row], 0)
        return level, self.place(level, state.step + 1), pays, done, {}


def play_levels(env, regret, steps=600):
    """Return what is played after each step (steps, environments), and the last state."""
    _, state = env.reset(KEY)
    state, played = state._replace(regret=jnp.asarray(regret, float)), []
    step = jax.jit(env.step)
    for t in range(steps):
        seen, state, *_ = step(jax.random.key(t), state, jnp.zeros(env.num_envs, int))
        played.append(np.asarray(seen))
    return np.stack(played), state


def test_levels_with_regret_are_replayed():
    """By its fourth power: half the regret, a sixteenth as often."""
    played, state = play_levels(ReplayEnv(PaidEnv(), 1.0, np.ones(800)), 1 - PaidEnv.pays)
    shares = np.bincount(played[40:].reshape(-1) % 8, minlength=8) / played[40:].size
    expected = 0.2 / 8 + 0.8 * np.array([0, 0, 0, 0, 0, 0, 1, 16]) / 17
    np.testing.assert_allclose(shares, expected, atol=0.04)
    known = np.setdiff1d(np.arange(800), played[-1])
    np.testing.assert_allclose(state.regret[known], 1 - PaidEnv.pays[known])


def test_no_level_is_replayed_twice_at_once():
    """One level has most regret: without the rule nearly all environments would play it."""
    env = ReplayEnv(PaidEnv(), 1.0, np.ones(800))
    regret = np.where(np.arange(800) == 7, 1, np.where(np.arange(800) % 8 == 7, 0.3, 0))
    played, _ = play_levels(env, regret, 200)
    assert (played == 7).any()
    assert (played == 7).sum(axis=1).max() == 1


def test_levels_of_constant_return_have_no_regret():
    """Levels that always pay the same leave no regret: all levels are new ones."""
    env = ReplayEnv(PaidEnv(), 1.0, None)
    played, state = play_levels(env, np.zeros(800))
    shares = np.bincount(played[40:].reshape(-1) % 8, minlength=8) / played[40:].size
    np.testing.assert_allclose(shares, 1 / 8, atol=0.04)
    ended = np.setdiff1d(played[:-20], played[-20:])
    np.testing.assert_allclose(state.best[ended], PaidEnv.pays[ended])


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_replayed_levels_have_values_of_solver(alpha):
    env = make_jax(CORNER, 4, num_levels=20, alpha=alpha)
    _, state = view_replayed(env, estimated=False).reset(KEY)
    numbers = bank_of(env.settings).level.number
    assert len(numbers) == len(state.best) == (40 if alpha else 20)
    for split, rows in ((Split.TRAIN, numbers < LEVELS), (Split.SHIFT, numbers >= LEVELS)):
        if rows.any():
            values = level_values(CORNER, split, numbers[rows]).optimum["cheese"]
            np.testing.assert_allclose(state.best[rows], values, rtol=1e-6)


def test_replay_by_regret_needs_a_solver():
    from agents.plr import train

    with pytest.raises(ValueError, match=r"has no exact solver.*estimated=True"):
        train(small(trap="MonsterWorld"), (1,))
