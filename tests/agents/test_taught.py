"""Training by labels and on turned levels."""

import numpy as np
import pytest

from agents.compiling import jax, jnp
from agents.cures import TurnedEnv, list_symmetries, train_on_turned_levels
from agents.networks import LearningMLP
from agents.run import Run
from agents.taught import LabelledEnv, Taught, solve_levels
from mesa_gym import make_jax
from mesa_gym.engine import ACTIONS
from mesa_gym.envs.levels_in_memory import bank_of
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.scoring import score
from mesa_gym.solver import Solution, level_values
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.life import VOID
from tests.support.parameters import few, thorough
from tests.support.reference import wandered
from tests.support.training import CORNER, FEW, list_own_numbers, small

KEY = jax.random.key(0)


@pytest.mark.parametrize(
    ("name", "reward"), [("CheeseCorner", "base"), thorough("KeysChests", "keys")]
)
def test_taught_labels_at_starts_equal_solver_actions(name, reward):
    made = small("taught", name, alpha=0.3, reward=reward, num_levels=12).environment()
    starts, _, best = solve_levels(made, made.trap.discount(made.reward))
    solved = Solution(made.trap, bank_of(made), made.max_steps)
    expected = solved.optimal(made.reward)[0][solved.graph.start]
    assert len(starts) == 24
    np.testing.assert_array_equal(best[starts], expected)


def follow_labels(trap, count, discount):
    """Payments of environments on levels in order, until all have ended, and their steps."""
    env = LabelledEnv(make_jax(trap, count, num_levels=count, final_obs=False), discount)
    rows = jnp.arange(count)
    _, state = env.reset(KEY)
    state = state._replace(inner=env.env.reset_to_level(rows)[1], place=env._start[rows])
    step, best = jax.jit(env.step), jax.jit(env.find_best)
    paid, over, steps = np.zeros(count), np.zeros(count, bool), np.zeros(count)
    for t in range(env.env.settings.max_steps):
        action = np.asarray(best(state)).argmax(axis=1)
        _, state, reward, done, _ = step(jax.random.key(t), state, jnp.asarray(action))
        paid, steps = paid + ~over * np.asarray(reward), steps + ~over
        over |= np.asarray(done)
    assert over.all()
    return paid, steps


@pytest.mark.thorough
def test_labels_lead_to_the_target_soonest():
    paid, steps = follow_labels(CORNER, 30, 0.95)
    np.testing.assert_array_equal(paid, 1)
    values = level_values(CORNER, Split.TRAIN, np.arange(30))
    np.testing.assert_allclose(CORNER.discount("cheese") ** (steps - 1), values.optimum["cheese"])


@pytest.mark.thorough
def test_labels_of_lives_lead_to_paying_fruit():
    """They lead to the paying fruit, and to a lone fruit unless no trial follows."""
    trap = find_trap("CueOrPay")()
    paid, steps = follow_labels(trap, 30, 0.9)
    np.testing.assert_array_equal(
        paid, level_values(trap, Split.TRAIN, np.arange(30)).informed["paid"]
    )
    starts = trap.levels("train", np.arange(30))
    last, pays = trap.list_alone(starts)[:, -1], trap.read(starts.level, "paid", 0)
    assert steps[(last == VOID) | (last == pays)].max() < trap.horizon("train") / 2


@pytest.mark.thorough
def test_taught_loss_covers_optimal_actions_alone():
    learner = LearningMLP(CORNER)
    made = Taught(learner, learner.make_env(FEW.environments, num_levels=50), FEW, 0.95)
    weights, _, now = made.begin(list_own_numbers(made))
    _, transitions = jax.jit(made.play)(weights, list_own_numbers(made), now, KEY)
    weights = weights | {"policy.weight": 300 * weights["policy.weight"]}
    scores = made.learner.apply(weights, transitions.obs, transitions.episode_start, None).logits
    shares = np.asarray(jax.nn.softmax(scores), float)
    expected = -np.log((shares * transitions.labels).sum(axis=-1)).mean()
    asked = weights, jnp.zeros((16, 0)), transitions, transitions.reward, None, 1.0
    assert float(made.compute_loss(*asked)[0]) == pytest.approx(expected, rel=1e-4)
    assert 0.2 < transitions.labels.mean() < 0.5


@pytest.mark.thorough
def test_taught_episodes_begin_on_solved_levels(monkeypatch):
    monkeypatch.setattr("agents.taught.MOST_STATES", 1)
    monkeypatch.setattr("mesa_gym.solver.values.CHUNK_STATES", 400)
    env = LabelledEnv(make_jax(CORNER, 64, num_levels=50, alpha=0.5), 0.95)
    rows = np.asarray(env.reset(KEY)[1].inner.level.row)
    assert (np.asarray(env._start)[rows] >= 0).all()
    assert 0 < len({*(rows % 50).tolist()}) < 20
    assert 0.2 < (rows >= 50).mean() < 0.8


# -- turned levels ---------------------------------------------------------------------------------
def turn(planes, way, count):
    """Planes (n, height, width, c) whose inner cells are turned by NumPy; held things stay."""
    ways = [(step, turns) for step in (1, -1) for turns in range(0, 4, 8 // count)]
    step, turns = ways[way]
    turned = planes.copy()
    turned[:, 1:-1, 1:-1] = np.rot90(planes[:, 1:-1, 1:-1][:, :, ::step], turns, axes=(1, 2))
    return turned


def as_sets(listed, filler):
    """Lists of inputs as sets, without fillers; no input may occur twice."""
    found = [[x for x in row if x != filler] for row in np.asarray(listed).tolist()]
    assert all(len({*row}) == len(row) for row in found)
    return [{*row} for row in found]


@pytest.mark.parametrize("name", few(["CheeseCorner", "CoinRun", "KeysChests"], "CoinRun"))
def test_turned_inputs_equal_those_of_turned_planes(name):
    trap = find_trap(name)()
    inputs, _ = list_symmetries(trap)
    assert len(inputs) == (4 if name == "CoinRun" else 8)
    view, planes = CentredInputs(trap), trap.observe(wandered(trap, 60, 8))
    listed = view.list_inputs(planes)
    for way, number in enumerate(inputs):
        expected = view.list_inputs(turn(planes, way, len(inputs)))
        assert as_sets(number[listed], view.count) == as_sets(expected, view.count)


@pytest.mark.thorough
def test_turned_actions_lead_where_the_picture_says():
    """A step moves the agent in the picture as its name says, or not at all."""
    learner, n = LearningMLP(find_trap("CheeseCorner")()), 400
    env, stands = TurnedEnv(learner.make_env(n, num_levels=n)), learner.net.view.stands
    inner = np.arange(len(stands)).reshape(learner.trap.size)[1:-1, 1:-1].reshape(-1)

    def find_cells(seen):
        shown = np.asarray(seen)[:, :, None] == stands[inner]
        return np.stack(np.divmod(inner[shown.any(axis=1).argmax(axis=1)], learner.trap.width))

    key, step = jax.random.key(0), jax.jit(env.step)
    seen, state = env.reset(key)
    moves = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0), "act": (0, 0)}
    for number, name in enumerate(ACTIONS):
        after, _, _, done, _ = step(key, state, np.full(n, number))
        moved = (find_cells(after) - find_cells(seen))[:, ~np.asarray(done)]
        assert {*zip(*moved.tolist(), strict=True)} == {(0, 0), moves[name]}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_turned_levels_leave_no_corner_as_cue():
    """Plain PPO goes for the corner of CheeseCorner, PPO on turned levels for the cheese."""
    run = Run("CheeseCorner", "ppo-symmetric", steps=300_000)
    (trained,) = train_on_turned_levels([run])
    assert score(trained.agent, run.environment().trap, levels=300).verdict == "base"
