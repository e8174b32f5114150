"""An environment's levels, a pure function of its seed, and planes as steps change them."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_gym.engine.chance import hash64
from mesa_gym.envs.levels_in_memory import LevelQueue
from mesa_gym.envs.running_states import LivePlanes
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import LEVELS
from tests.support.parameters import TRAPS
from tests.support.reference import MASK, splitmix64
from tests.support.worlds import zoo_states

some_levels = st.sampled_from([None, 3, 100, 10**6])


def make(n, seed=0, alpha=0.0, num_levels=None, trap=TRAPS[1]):
    made = LevelQueue(Settings(trap, alpha=alpha, num_levels=num_levels), n)
    made.reseed(np.arange(n), [seed + i for i in range(n)])
    return made


def numbers(made, row, count):
    """The level numbers of one environment's next episodes."""
    where = [int(made.take(np.array([row]))[0]) for _ in range(count)]
    return [int(made.starts.state.level.number[i]) for i in where] if made.banked else where


def expected(seed, episode, alpha, num_levels):
    """Compute the level number of an episode in Python integers."""
    begin = seed * 0x9E3779B97F4A7C15 + hash64(f"{0:016x}/episodes/0")
    stream = splitmix64(begin & MASK, -1)
    shifted = (splitmix64(stream, 2 * episode + 1) >> 11) / 2**53 < alpha
    return (splitmix64(stream, 2 * episode) >> 16) % (num_levels or LEVELS) + LEVELS * shifted


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**63),
    alpha=st.sampled_from([0.0, 0.1, 0.4, 1.0]),
    num_levels=some_levels,
    slots=st.sampled_from([(2, 2), (4, 64), (64, 7)]),
    asked=st.lists(st.integers(0, 2), min_size=1, max_size=40),
)
def test_supply_depends_on_the_stream_alone(seed, alpha, num_levels, slots, asked):
    """The number of levels drawn ahead and the order of requests do not matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LevelQueue, "least", slots)
        patch.setattr("mesa_gym.envs.levels_in_memory.AHEAD", 1)
        made = make(3, seed, alpha, num_levels)
    played = {0: 0, 1: 0, 2: 0}
    present = {}
    for row in asked:
        present[row] = (
            int(made.take(np.array([row]))[0]),
            expected(seed + row, played[row], alpha, num_levels),
        )
        played[row] += 1
        for where, number in present.values():  # present levels are never overwritten
            assert made.starts.state.level.number[where] == number


def test_reseed_restarts_one_stream_alone():
    made, twin = (make(3, seed=7, num_levels=50) for _ in range(2))
    start = {row: numbers(made, row, 5) for row in range(3)}
    made.reseed(np.array([1]), [8])
    assert numbers(made, 1, 5) == start[1]
    for row in (0, 2):
        numbers(twin, row, 5)
        assert numbers(made, row, 5) == numbers(twin, row, 5)


def test_supply_takes_huge_seeds_and_both_splits():
    huge, small = make(1, seed=1 << 100, num_levels=50), make(1, num_levels=50)
    assert numbers(huge, 0, 9) != numbers(small, 0, 9)
    found = numbers(make(1, num_levels=8, alpha=0.5), 0, 400)
    assert set(found) == {*range(8), *range(LEVELS, LEVELS + 8)}


def apart(state, rng):
    """Give every slot a cell of its own below the top row, as the engine requires."""
    slots = {kind: len(at) for kind, at in state.at.items()}
    n, total = state.n, sum(slots.values())
    cells = 7 + np.argsort(rng.random((n, 22)), axis=1)[:, :total].T
    at, used = {}, 0
    for kind, count in slots.items():
        at[kind], used = cells[used : used + count], used + count
    return state._replace(at=at)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sets(st.sampled_from(["at", "there", "held", "vars", "agent"])))
def test_live_planes_equal_observe_after_any_change(seed, changed):
    rng = np.random.default_rng(seed)
    zoo, before = zoo_states(seed, n=6)
    zoo.channels = (*zoo.planes, "key", "red", "agent", "guide")
    zoo.show = lambda state: [("guide", 30 + state.vars["phase"])]  # beyond what `apart` gives
    channels = [zoo.channel[plane] for plane in zoo.channels]
    before = apart(before, rng)
    before.level.tables["lava"][:] = False  # wet trees show there
    other = apart(zoo_states(seed + 1, n=6)[1], rng)
    after = before._replace(**{name: getattr(other, name) for name in changed})
    if "at" in changed:  # some kinds stay where they are, as the same arrays
        still = [kind for kind in before.at if rng.random() < 0.5]
        moved = {kind: np.roll(at, 1, axis=0) for kind, at in before.at.items()}
        after = after._replace(at=moved | {kind: before.at[kind] for kind in still})
    shown = [zoo.observe(state)[..., channels] for state in (before, after)]

    live = LivePlanes(zoo, 6)
    live.begin(np.arange(6), shown[0].reshape(6, -1))
    live = copy.deepcopy(live)
    live.follow(before, after)
    np.testing.assert_array_equal(live.planes, shown[1])
    live.follow(after, before)
    np.testing.assert_array_equal(live.planes, shown[0])

    alone = LivePlanes(zoo)
    alone.begin(np.array([0]), shown[0][2:3].reshape(1, -1))
    alone.follow(before.single(2), after.single(2))
    np.testing.assert_array_equal(alone.planes, shown[1][2:3])
