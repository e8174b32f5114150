"""Vector environments: every front against one oracle, and running states."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from mesa_gym import objectives
from mesa_gym.engine.maps import to_map
from mesa_gym.envs import TrapVectorEnv
from mesa_gym.envs.running_states import LivePlanes, StateRows
from mesa_gym.envs.settings import Settings
from mesa_gym.testing.sample import difference
from mesa_gym.traps import LEVELS, find_trap
from tests.envs.fronts import FRONTS, NUM_LEVELS, require_own_levels
from tests.support.parameters import QUICK, TRAPS, few_traps, with_seeds
from tests.support.worlds import zoo_states

N = 5


def make_both(trap, mode=AutoresetMode.NEXT_STEP, n=N, **keywords):
    ours = gym.make_vec(trap.id(), n, autoreset_mode=mode, **keywords)
    sync = SyncVectorEnv([lambda: gym.make(trap.id(), **keywords)] * n, autoreset_mode=mode)
    assert isinstance(ours, TrapVectorEnv)
    return ours, sync


def play(both, steps, seed=0):
    """Step both environments with the same random actions; without autoreset, reset by a mask."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        actions = rng.integers(0, 5, both[0].num_envs)
        results = [env.step(actions.copy()) for env in both]
        yield results
        done = results[0][2] | results[0][3]
        if both[0].autoreset_mode is AutoresetMode.DISABLED and done.any():
            yield [env.reset(options={"reset_mask": done.copy()}) for env in both]


@pytest.mark.parametrize("render_mode", ["ansi", "rgb_array"])
def test_vector_attributes_match_sync_vector_env(render_mode):
    both = make_both(TRAPS[0], n=2, render_mode=render_mode)
    for env in both:
        env.reset(seed=[1, 2])
        env.set_attr("mark", [3, 4])
    assert difference(*[env.render() for env in both]) is None
    for name in ("mark", "np_random_seed", "render_mode", "action_space", "get_action_meanings"):
        assert both[0].get_attr(name) == both[1].get_attr(name)
    assert difference(*[env.call("action_masks") for env in both]) is None
    for seed in ([1, 2], [5, 2], None):  # a new seed gives a new generator, and None keeps it
        draws = []
        for env in both:
            env.reset(seed=seed)
            draws.append([rng.random() for rng in env.get_attr("np_random")])
        assert draws[0] == draws[1]
    with pytest.raises(AttributeError, match="nothing"):
        both[0].get_attr("nothing")


def test_vector_reset_takes_levels_and_maps():
    env, single = gym.make_vec(TRAPS[0].id(), 4), gym.make(TRAPS[0].id())
    levels = [3, None, LEVELS - 1, None]
    starts = env.trap.levels("shift", [8])
    maps = [None, to_map(env.trap, starts), None, None]
    options = {"level": levels, "map": maps}
    first, infos = env.reset(seed=[0, 1, 2, 3], options=options)
    assert options == {"level": levels, "map": maps}
    np.testing.assert_array_equal(first[1], env.trap.observe(starts)[0])
    assert infos["level"][[0, 2]].tolist() == [3, LEVELS - 1]
    assert infos["level"][3] == single.reset(seed=3)[1]["level"]
    # What was picked by hand keeps its walls while others begin new episodes.
    for _ in range(5):
        env.reset(options={"reset_mask": np.array([False, False, False, True])})
    np.testing.assert_array_equal(env.step([4] * 4)[0][1], env.trap.observe(starts)[0])


def test_make_vec_modes_give_their_classes():
    for mode, kind in (("sync", SyncVectorEnv), ("vector_entry_point", TrapVectorEnv)):
        env = gym.make_vec(TRAPS[0].id(), 2, vectorization_mode=mode, split="shift", size=11)
        assert isinstance(env, kind)
        assert env.reset(seed=0)[1]["split"].tolist() == [3, 3]
    assert difference(gym.make_vec(env.spec).reset(seed=0), env.reset(seed=0)) is None


def test_set_state_of_shift_level_keeps_split():
    source = TrapVectorEnv(TRAPS[0], N, alpha=0.5, max_steps=1)
    source.reset(seed=0)
    ours, sync = make_both(TRAPS[0], AutoresetMode.SAME_STEP, max_steps=1)
    for env in (ours, sync):
        env.reset(seed=[*range(N)])
    single = [env.unwrapped for env in sync.envs]
    splits = [env.set_state(source.state.single(i))[1]["split"] for i, env in enumerate(single)]
    assert set(splits) == {0, 3}
    assert ours.set_state(source.state)[1]["split"].tolist() == splits
    assert ours.step(np.full(N, 4))[4]["split"].tolist() == [0] * N


@pytest.mark.parametrize("num_levels", [None, 6])
def test_changed_alpha_keeps_running_episodes(num_levels):
    """Level numbers stay as well: alpha decides only from which split a level comes."""
    envs, twin = (
        gym.make_vec("MesaGym/CheeseCorner-v0", 16, num_levels=num_levels, max_steps=7)
        for _ in range(2)
    )
    for env in (envs, twin):
        env.reset(seed=3)
        env.step(np.full(16, 1))
    rows = envs._queue.starts.state.n
    for alpha in (0.5, 1.0, 0.0, 1.0):
        kept = envs.state
        envs.alpha = alpha
        assert difference(envs.state._replace(level={}), kept._replace(level={})) is None
        assert np.array_equal(envs.trap.observe(envs.state), envs.trap.observe(kept))
        twin.reset()
        level = envs.reset()[1]["level"]
        assert np.array_equal(level % LEVELS, twin.step(np.full(16, 4))[4]["level"] % LEVELS)
        assert {0.0: {0}, 1.0: {1}}.get(alpha, {0, 1}) == {*(level // LEVELS).tolist()}
    assert envs._queue.starts.state.n == rows + (num_levels or 0)


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_changed_keywords_are_read_and_rebuilt(make):
    env = make("MesaGym/CheeseDish-v0", step_reward=-0.5, dish_planes=2, size=(7, 9))
    inner = env.unwrapped
    assert (inner.size, inner.dish_planes, inner.observation) == ((7, 9), 2, "planes")
    assert (inner.split, inner.reward, inner.num_levels) == ("train", "cheese", None)
    assert (inner.max_steps, inner.salt, inner.agent_view_size) == (
        inner.trap.horizon("train"),
        "",
        None,
    )
    inner.alpha, inner.step_reward = 0.25, 0
    again = make(inner.spec).unwrapped
    assert (again.alpha, again.step_reward, again.dish_planes) == (0.25, 0.0, 2)
    assert inner.spec.reward_threshold == inner.trap.reward_threshold


@few_traps
@pytest.mark.parametrize("mode", AutoresetMode)
def test_set_state_continues_as_single_environments(trap, mode):
    """One environment has no step left and is reset as after an episode's end."""
    source, limit = TrapVectorEnv(trap, N, max_steps=40), 12
    source.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(7):
        source.step(rng.integers(0, 5, N))
    clock = np.array([0, 3, limit - 1, limit, 1])
    states = source.state._replace(clock=clock)
    ours, sync = make_both(trap, mode, max_steps=limit)
    for env in (ours, sync):
        env.reset(seed=[*range(4, 4 + N)])
    singles = [env.unwrapped for env in sync.envs]
    obs, infos = ours.set_state(states)
    for row, single in enumerate(singles):
        want, info = single.set_state(states.single(row))
        np.testing.assert_array_equal(obs[row], want)
        assert {key: infos[key][row] for key in info} == info
    over = clock >= limit
    if mode is AutoresetMode.DISABLED:
        with pytest.raises(gym.error.ResetNeeded, match="environment 3 has ended"):
            ours.step(np.zeros(N, dtype=int))
        for env in (ours, sync):
            env.reset(options={"reset_mask": over.copy()})
    elif mode is AutoresetMode.SAME_STEP:
        ours.step(np.full(N, 4))
        assert ours.state.clock.tolist()[:2] + ours.state.clock.tolist()[3:] == [1, 4, 0, 2]
        return
    else:
        sync._autoreset_envs = over.copy()
    for result, sync_result in play((ours, sync), 20):
        assert difference(result, sync_result) is None


def test_masked_reset_leaves_rows_that_ended():
    """They are reset by the next step, which pays nothing, while the others go on."""
    both, rng = make_both(TRAPS[0], max_steps=6, step_reward=-0.5), np.random.default_rng(0)
    assert difference(*[env.reset(seed=[*range(N)]) for env in both]) is None
    for _ in range(8):
        for ours, sync in play(both, int(rng.integers(1, 7)), seed=int(rng.integers(9))):
            assert difference(ours, sync) is None
        mask = rng.random(N) < 0.5
        options = {"reset_mask": mask | (np.arange(N) == 0)}
        assert difference(*[env.reset(options=dict(options)) for env in both]) is None


def test_final_info_is_zero_of_running_rows():
    """Rows that are paid while another row ends keep their payments to themselves."""
    mode = AutoresetMode.SAME_STEP
    envs = gym.make_vec("MesaGym/CheeseDish-v0", 256, autoreset_mode=mode, alpha=1.0)
    envs.reset(seed=0)
    rng, running_payments = np.random.default_rng(0), 0.0
    for _ in range(30):
        *_, terminated, truncated, infos = envs.step(rng.integers(0, 5, 256))
        on = ~(terminated | truncated)
        if on.all():
            continue
        rewards = objectives(infos)
        for name, values in infos["final_info"].items():
            assert not values[on].any(), name
            if name.startswith("reward_"):
                running_payments += np.abs(infos[name][on]).sum()
                both = np.where(on, infos[name], values)
                np.testing.assert_array_equal(rewards[name.removeprefix("reward_")], both)
    assert running_payments > 0


def test_make_vec_with_longer_limit_warns():
    """`gymnasium.make` gives its limit to a wrapper, so the environment does not know it."""
    id = "MesaGym/CheeseCorner-v0"
    with pytest.warns(UserWarning, match=r"max_episode_steps=1000 .* max_steps=1000"):
        envs = gym.make_vec(id, 2, max_episode_steps=1000)
    limit = envs.spec.max_episode_steps
    assert limit == find_trap("CheeseCorner")().horizon("train")
    assert limit == gym.make_vec(id, 2, max_episode_steps=limit).spec.max_episode_steps
    assert gym.make_vec(id, 2, max_episode_steps=5).spec.max_episode_steps == 5
    assert gym.make_vec(id, 2, max_steps=1000).spec.max_episode_steps == 1000


# -- fronts ----------------------------------------------------------------------------------------
DRAWN = {"max_steps": 15, "alpha": 0.3}
KEPT = DRAWN | {"num_levels": NUM_LEVELS}  # so few levels that all are drawn beforehand
DISH = find_trap("CheeseDish")
# A place, and chance; devices play these in tests/doors.
FAST = {"CheeseCorner-v0", "MonsterWorld-v0"}


def mark_front(front, trap):
    """Return interface and trap as parameters; those of quick traps by vectors are fast."""
    quick = trap.name() in (QUICK if front == "vector" else FAST) and front not in ("torch", "jax")
    marks = [] if quick else [pytest.mark.thorough]
    return pytest.param(front, trap, marks=marks, id=f"{front}-{trap.name()}")


@pytest.mark.parametrize(("front", "trap"), [mark_front(x, trap) for trap in TRAPS for x in FRONTS])
def test_every_interface_plays_levels_of_its_trap(front, trap):
    keywords = DRAWN if front in ("alone", "single") else KEPT
    actions = np.random.default_rng(0).integers(0, 5, (24, 8), dtype=np.int32)
    moves = FRONTS[front](trap, actions, **keywords)
    require_own_levels(moves, Settings(trap, **keywords))


# -- running states --------------------------------------------------------------------------------
def apart(state, rng):
    """Give every slot a cell of its own below the top row, as the engine requires."""
    slots = {kind: len(at) for kind, at in state.at.items()}
    n, total = state.n, sum(slots.values())
    cells = 7 + np.argsort(rng.random((n, 22)), axis=1)[:, :total].T
    at, used = {}, 0
    for kind, count in slots.items():
        at[kind], used = cells[used : used + count], used + count
    return state._replace(at=at)


def test_rows_hold_arrays_that_rules_exchange():
    rows = StateRows(zoo_states(0)[1])
    at = rows.state.at
    door, spot = at["door"].copy(), at["spot"].copy()
    rows.hold(rows.state._replace(at=at | {"door": at["spot"], "spot": at["door"]}))
    np.testing.assert_array_equal(rows.state.at["door"], spot)
    np.testing.assert_array_equal(rows.state.at["spot"], door)


@with_seeds
def test_live_planes_equal_observe_after_any_change(seed):
    rng = np.random.default_rng(seed)
    fields = ("at", "there", "held", "vars", "agent")
    changed = {name for at, name in enumerate(fields) if not seed or rng.random() < 0.5}
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
    drawings = [zoo.observe(state)[..., channels] for state in (before, after)]
    live = LivePlanes(zoo, 6)
    live.begin(np.arange(6), drawings[0].reshape(6, -1))
    live = copy.deepcopy(live)
    live.follow(before, after)
    np.testing.assert_array_equal(live.planes, drawings[1])
    live.follow(after, before)
    np.testing.assert_array_equal(live.planes, drawings[0])
    live.begin(np.arange(6), drawings[1].reshape(6, -1))  # of episodes that begin elsewhere
    live.follow(after, before)
    np.testing.assert_array_equal(live.planes, drawings[0])
    alone = LivePlanes(zoo)
    alone.begin(np.array([0]), drawings[0][2:3].reshape(1, -1))
    alone.follow(before.single(2), after.single(2))
    np.testing.assert_array_equal(alone.planes, drawings[1][2:3])
