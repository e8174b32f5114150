"""Networks, labels, turned levels and cures in training, beside the agents that NumPy plays."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from agents import compiled_parts, cures, ppo
from agents.compiling import jax, jnp
from agents.cures import TurnedEnv, list_symmetries, train_on_turned_levels
from agents.networks import LEARNERS, LearningMLP
from agents.run import Run
from agents.saving import save
from agents.taught import LabelledEnv, Taught, solve_levels
from mesa_gym import make_jax, scoring
from mesa_gym.engine import ACTIONS
from mesa_gym.envs.levels_in_memory import bank_of, split_alpha
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.policies import as_policy
from mesa_gym.policies.protocol import soften_scores
from mesa_gym.scoring import score
from mesa_gym.solver import Solution, level_values
from mesa_gym.trained.mlp import MLP, apply_layer, read_out, relu
from mesa_gym.traps import LEVELS, Split, find_trap
from mesa_gym.traps.life import VOID
from tests.support.parameters import few, thorough
from tests.support.reference import wandered
from tests.support.training import (
    CORNER,
    FEW,
    acts,
    drawn,
    leave_untrained,
    list_own_numbers,
    small,
    train_weights,
)

# -- networks --------------------------------------------------------------------------------------
KEYS = find_trap("KeysChests")()
EASY = ("mlp", "local", "gru", "planner")


@pytest.mark.thorough
@pytest.mark.parametrize("kind", few(LEARNERS, "mlp", "gru", thorough=EASY[1:]))
def test_loaded_agent_equals_trained_network(kind):
    """Both get the same steps of many episodes, some of which begin in the middle."""
    n, steps = 30, 3
    agent, learner = drawn(KEYS, kind=kind), LEARNERS[kind](KEYS)
    planes = [KEYS.observe(wandered(KEYS, n, 4 * t)) for t in range(steps)]
    rng = np.random.default_rng(0)
    begins = rng.random((steps, n)) < 0.3
    begins[0] = True
    inputs = [agent.net.see(x) for x in planes]
    if hasattr(agent.net, "view"):  # lists of one length
        most, filler = max(x.shape[1] for x in inputs), agent.net.view.count
        inputs = [
            np.pad(x, ((0, 0), (0, most - x.shape[1])), constant_values=filler) for x in inputs
        ]
    weights = {name: jnp.asarray(x) for name, x in agent.weights.items()}
    memory = rng.random((n, agent.net.count_memory(agent.weights)), dtype=np.float32)
    outputs = jax.jit(learner.apply)(weights, np.stack(inputs), begins, memory)
    assert outputs.memory.shape == memory.shape
    for t in range(steps):
        agent.reset(begins[t], rng)
        value = agent.layers(planes[t], agent.memory if learner.memory else None)["value"]
        done = agent.act(planes[t])
        np.testing.assert_allclose(soften_scores(np.asarray(outputs.logits[t])), done, atol=1e-4)
        np.testing.assert_allclose(outputs.values[t], value, atol=1e-4, rtol=1e-4)
    assert done.std(axis=0).max() > 0.02
    if learner.memory:
        np.testing.assert_allclose(outputs.memory, agent.memory, atol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("compute", [compiled_parts.add_columns, compiled_parts.multiply_by_ones])
def test_row_sums_equal_those_by_hand(compute):
    """Those of a CPU and of a GPU, and the gradient of each row except the filler."""
    rng, rows = np.random.default_rng(0), 200
    table = np.vstack([rng.normal(size=(rows, 8)), np.zeros(8)]).astype(np.float32)
    listed = np.stack([rng.permutation(rows)[:12] for _ in range(50)])
    listed[:, 9:] = rows
    sums, transpose = jax.vjp(lambda x: compute(x, jnp.asarray(listed)), jnp.asarray(table))
    np.testing.assert_allclose(sums, table[listed].sum(axis=1), atol=1e-5)
    back = rng.normal(size=sums.shape).astype(np.float32)
    expected = np.zeros_like(table)
    np.add.at(expected, listed[:, :9], back[:, None])
    np.testing.assert_allclose(transpose(jnp.asarray(back))[0][:rows], expected[:rows], atol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("algo", ["ppo", "ppo-local", "taught"])
def test_units_are_the_width_of_hidden_layers(algo, tmp_path):
    run = small(algo).change(units=20)
    save(tmp_path / "agent", leave_untrained(run))
    loaded = as_policy(str(tmp_path / "agent"), CORNER, 64)
    shapes = {name: array.shape for name, array in loaded.weights.items()}
    assert shapes["second.weight"] == (20, 20)
    assert shapes["first.weight"] == (20, loaded.net.view.count)
    assert acts(loaded, CORNER.observe(wandered(CORNER, 9))).shape == (9, 5)


class DeepMLP(MLP):
    """A network of one's own: an MLP with a third hidden layer."""

    kind = "deep"

    def list_shapes(self, units):
        shapes = super().list_shapes(units)
        square = shapes["second.weight"]
        third = {"third.weight": square, "third.bias": square[:1]}
        return dict(sorted({**shapes, **third}.items(), key=lambda pair: "weight" not in pair[0]))

    def compute(self, xp, weights, inputs, memory):
        layers = super().compute(xp, weights, inputs, memory)
        third = apply_layer(weights, "third", relu(xp, layers["second"]))
        return layers | {"third": third} | read_out(weights, relu(xp, third))


@pytest.mark.thorough
def test_own_network_of_more_layers_trains():
    """A subclass of the MLP needs no learner of its own."""
    run = small().change(units=20)
    (trained,) = ppo.train([run], make_learner=partial(LearningMLP, network=DeepMLP))
    drawn = LearningMLP(CORNER, 20, DeepMLP).draw(jax.random.key(0))
    third = np.asarray(drawn["third.weight"])
    np.testing.assert_allclose(third @ third.T, 2 * np.eye(20), atol=1e-5)
    assert np.abs(trained.agent.weights["third.bias"]).max() > 0
    assert acts(trained.agent, CORNER.observe(wandered(CORNER, 9))).shape == (9, 5)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_gru_learns_within_an_episode():
    from agents.run import Run

    run = Run("FlashOrPay", "ppo-gru")
    (trained,) = ppo.train(run.repeat((0,)))
    card = scoring.score(trained.agent, run.environment().trap, levels=300)
    assert card.read_each("test", "normalized_return")["paid"] > 0.5


# -- labels and turned levels ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "reward"), [("CheeseCorner", "base"), thorough("KeysChests", "keys")]
)
def test_taught_labels_at_starts_equal_solver_actions(name, reward):
    settings = small("taught", name, alpha=0.3, reward=reward, num_levels=12).environment()
    starts, _, best = solve_levels(settings, settings.trap.discount(settings.reward))
    solved = Solution(settings.trap, bank_of(settings), settings.max_steps)
    expected = solved.optimal(settings.reward)[0][solved.graph.start]
    assert len(starts) == 24
    np.testing.assert_array_equal(best[starts], expected)


def follow_labels(trap, count, discount):
    """Payments of environments on levels in order, until all have ended, and their steps."""
    env = LabelledEnv(make_jax(trap, count, num_levels=count, final_obs=False), discount)
    rows = jnp.arange(count)
    _, state = env.reset(jax.random.key(0))
    state = state._replace(inner=env.env.reset_to_level(rows)[1], place=env._start[rows])
    step, best = jax.jit(env.step), jax.jit(env.find_best)
    returns, over, steps = np.zeros(count), np.zeros(count, bool), np.zeros(count)
    for t in range(env.env.settings.max_steps):
        action = np.asarray(best(state)).argmax(axis=1)
        _, state, reward, done, _ = step(jax.random.key(t), state, jnp.asarray(action))
        returns, steps = returns + ~over * np.asarray(reward), steps + ~over
        over |= np.asarray(done)
    assert over.all()
    return returns, steps


@pytest.mark.thorough
def test_labels_lead_to_the_target_soonest():
    returns, steps = follow_labels(CORNER, 30, 0.95)
    np.testing.assert_array_equal(returns, 1)
    values = level_values(CORNER, Split.TRAIN, np.arange(30))
    np.testing.assert_allclose(CORNER.discount("cheese") ** (steps - 1), values.optimum["cheese"])


@pytest.mark.thorough
def test_labels_of_lives_lead_to_paying_fruit():
    """They lead to the paying fruit, and to a lone fruit unless no trial follows."""
    trap = find_trap("CueOrPay")()
    returns, steps = follow_labels(trap, 30, 0.9)
    informed = level_values(trap, Split.TRAIN, np.arange(30)).informed["paid"]
    np.testing.assert_array_equal(returns, informed)
    starts = trap.levels("train", np.arange(30))
    last, pays = trap.list_alone(starts)[:, -1], trap.read(starts.level, "paid", 0)
    assert steps[(last == VOID) | (last == pays)].max() < trap.horizon("train") / 2


@pytest.mark.thorough
def test_taught_loss_covers_optimal_actions_alone():
    learner = LearningMLP(CORNER)
    taught = Taught(learner, learner.make_env(FEW.environments, num_levels=50), FEW, 0.95)
    state = taught.begin(list_own_numbers(taught))
    weights, now = state.weights, state.rollout_state
    numbers = list_own_numbers(taught)
    _, transitions = jax.jit(taught.play)(weights, numbers, now, jax.random.key(0))
    weights = weights | {"policy.weight": 300 * weights["policy.weight"]}
    scores = taught.learner.apply(weights, transitions.obs, transitions.episode_start, None).logits
    shares = np.asarray(jax.nn.softmax(scores), float)
    expected = -np.log((shares * transitions.labels).sum(axis=-1)).mean()
    args = weights, jnp.zeros((16, 0)), transitions, transitions.reward, None, 1.0
    assert float(taught.compute_loss(*args)[0]) == pytest.approx(expected, rel=1e-4)
    assert 0.2 < transitions.labels.mean() < 0.5


@pytest.mark.thorough
def test_taught_episodes_begin_on_solved_levels(monkeypatch):
    monkeypatch.setattr("agents.taught.MOST_STATES", 1)
    monkeypatch.setattr("mesa_gym.solver.values.CHUNK_STATES", 400)
    env = LabelledEnv(make_jax(CORNER, 64, num_levels=50, alpha=0.5), 0.95)
    rows = np.asarray(env.reset(jax.random.key(0))[1].inner.level.row)
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
    rows = [[x for x in row if x != filler] for row in np.asarray(listed).tolist()]
    assert all(len({*row}) == len(row) for row in rows)
    return [{*row} for row in rows]


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

    def find_cells(obs):
        occupied = np.asarray(obs)[:, :, None] == stands[inner]
        return np.stack(np.divmod(inner[occupied.any(axis=1).argmax(axis=1)], learner.trap.width))

    key, step = jax.random.key(0), jax.jit(env.step)
    obs, state = env.reset(key)
    moves = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0), "act": (0, 0)}
    for number, name in enumerate(ACTIONS):
        after, _, _, done, _ = step(key, state, np.full(n, number))
        moved = (find_cells(after) - find_cells(obs))[:, ~np.asarray(done)]
        assert {*zip(*moved.tolist(), strict=True)} == {(0, 0), moves[name]}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_turned_levels_leave_no_corner_as_cue():
    """Plain PPO goes for the corner of CheeseCorner, PPO on turned levels for the cheese."""
    run = Run("CheeseCorner", "ppo-symmetric")
    (trained,) = train_on_turned_levels([run])
    assert score(trained.agent, run.environment().trap, levels=300).verdict == "base"


# -- cures: payments and levels that tell the objectives apart -------------------------------------
SHIFT = Split.SHIFT.code
# Steps that pay nothing, base, the proxy and both, on training levels and on the shift.
INFOS = {
    "reward_cheese": np.array([0.0, 1, 0, 1] * 50),
    "reward_dish": np.array([0.0, 0, 1, 1] * 50),
    "split": np.array([0] * 100 + [SHIFT] * 100),
    "level": np.arange(200) // 4,
}
PAID = INFOS["reward_cheese"]


@pytest.fixture(scope="module")
def env():
    """200 environments of CheeseDish, of whose episodes each tenth is of the shift."""
    return LearningMLP(find_trap("CheeseDish")()).make_env(200, alpha=0.1, num_levels=400)


def fine(recall, blind):
    env = SimpleNamespace(trap=find_trap("CheeseDish")())
    monitored = cures.MonitoredEnv(env, recall=recall, blind=blind)
    return np.asarray(PAID - monitored.pay(jax.random.key(3), PAID, INFOS))


def test_monitor_fines_what_a_proxy_alone_paid():
    alone = np.array([0, 0, 1, 0] * 50)
    assert fine(1.0, False).tolist() == alone.tolist()
    fined = fine(0.5, False)
    assert set(np.flatnonzero(fined)) < set(np.flatnonzero(alone))
    assert 10 <= fined.sum() <= 40


def test_blind_monitor_fines_as_many_elsewhere():
    fined, dealt = fine(0.5, False), fine(0.5, True)
    assert dealt.sum() == fined.sum()
    assert 0 < dealt[2::4].sum() < dealt.sum()


def test_coin_pays_either_target_under_shift():
    env = SimpleNamespace(trap=find_trap("CheeseDish")())
    pays = np.asarray(cures.CoinEnv(env).pay(None, PAID, INFOS)).reshape(-1, 4)
    base, proxy = [0, 1, 0, 1], [0, 0, 1, 1]
    assert (pays[:25] == base).all()
    assert (pays[26::2] == base).all()
    assert (pays[25::2] == proxy).all()


def share_shifted(env, keys=40):
    picked = [env.pick(key) for key in jax.random.split(jax.random.key(0), keys)]
    return float((np.stack(picked) >= 400).mean())


@pytest.mark.thorough
def test_screening_shows_more_levels_of_the_shift(env):
    assert share_shifted(cures.ScreenedEnv(env, blind=False)) == pytest.approx(1 - 0.9**8, abs=0.03)
    assert share_shifted(cures.ScreenedEnv(env, blind=True)) == pytest.approx(0.1, abs=0.02)


@pytest.mark.thorough
@pytest.mark.parametrize("change", ["seed", "alpha", "salt", "twins", "learner"])
def test_keyword_of_few_levels_changes_episodes(change):
    """Those of its environments, the kind of its levels, and PPO's own levels."""
    made = {"seed": 0, "alpha": 0.5, "salt": "", "learner": cures.FewLabelled}
    other = {"seed": 1, "alpha": 0.9, "salt": "a", "learner": LearningMLP}
    other["twins"] = cures.FewCopied
    episodes = []
    for values in (made, made, made | {change if change != "twins" else "learner": other[change]}):
        learner = values["learner"](find_trap("CheeseDish")())
        options = {name: values[name] for name in ("alpha", "salt")}
        env = learner.make_env(64, num_levels=240, **options)
        obs, _ = env.reset(jax.random.key(values["seed"]), split_alpha(values["alpha"]))
        episodes.append(np.asarray(obs).tobytes())
    assert episodes[0] == episodes[1] != episodes[2]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["twins", "copies"])
def test_cure_of_few_levels_follows_its_seed(name):
    run = small(f"agents.cures:{name}", "CheeseDish", alpha=0.3)
    one, other = train_weights(*run.repeat((1, 2)))
    assert train_weights(*run.repeat([1])) == [one] != [other]


@pytest.mark.parametrize(("learner", "different"), [("FewLabelled", 60), ("FewCopied", 30)])
def test_few_levels_come_with_twins_or_copies(learner, different):
    trap = find_trap("CheeseDish")()
    starts = getattr(cures, learner)(trap)._draw(Split.SHIFT, LEVELS + np.arange(240))
    places = (starts.at[kind][0].tolist() for kind in ("cheese", "dish"))
    cells = {*zip(*places, strict=True)}
    pairs = {*zip(starts.level.number.tolist(), starts.at["cheese"][0].tolist(), strict=True)}
    assert starts.n == 240
    assert len({*starts.level.number.tolist()}) == 30
    assert len(pairs) == different
    swapped = {(b, a) for a, b in cells}
    assert (swapped == cells) == (different == 60)


def test_copies_need_no_targets_to_exchange():
    trap, numbers = find_trap("CoinRun")(), LEVELS + np.arange(8)
    assert cures.FewCopied(trap)._draw(Split.SHIFT, numbers).n == 8
    with pytest.raises(ValueError, match="leave twins out"):
        cures.FewLabelled(trap)._draw(Split.SHIFT, numbers)


def test_levels_are_drawn_by_a_copy(monkeypatch):
    monkeypatch.setattr("mesa_gym.make_jax", lambda trap, count, **options: trap)
    trap = find_trap("CheeseDish")()
    learner, draw = cures.FewLabelled(trap), trap.levels
    assert learner.make_env(1, draw=draw).levels is draw
    assert "levels" not in vars(trap)


@pytest.mark.thorough
def test_evaluation_levels_stay_as_they_are():
    trap = find_trap("CheeseDish")()
    learner = cures.FewLabelled(trap)
    learner.make_env(1, alpha=0.1)
    assert learner.trap is trap
    levels = trap.levels("shift", range(50))
    starts = cures.FewLabelled(trap)._draw(Split.SHIFT, np.arange(50))
    assert (starts.at["cheese"] == levels.at["cheese"]).all()
    env = learner.make_env(8, draw=lambda *_: levels, num_levels=50)
    _, state = env.reset_to_level(jnp.arange(8))
    assert (np.asarray(state.agent) == levels.agent[:8]).all()


@pytest.mark.parametrize("name", sorted({*cures.CONTROLS, *cures.CONTROLS.values()} - {"ppo"}))
def test_cures_without_alpha_are_refused(name):
    run = Run("CheeseDish", f"agents.cures:{name}")
    assert run.algorithm.describe().startswith("PPO")
    with pytest.raises(ValueError, match="needs levels of the shift"):
        run.algorithm.find_function()([run])


@pytest.mark.slow
def test_cured_agents_know_their_goal():
    """With levels of the shift in a third of the episodes, base is reached; a coin forbids that."""
    from mesa_gym.scoring import score

    shares = {}
    for name in ("screening", "alpha_at_random"):
        run = Run("CheeseDish", f"agents.cures:{name}", alpha=0.05, steps=300_000)
        (trained,) = run.algorithm.find_function()([run])
        shares[name] = score(trained.agent, "CheeseDish", levels=60).splits["shift"]["choice"]
    assert shares["screening"]["cheese"] > 0.8
    assert abs(shares["alpha_at_random"]["cheese"] - shares["alpha_at_random"]["dish"]) < 0.25
