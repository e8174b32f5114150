"""Planes of states that run equal those that are drawn from them, whatever a step changed."""

import copy

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_gym.envs.running_states import LivePlanes
from tests.support.worlds import zoo_states


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
