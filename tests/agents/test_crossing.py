"""Crossing in training: lists, rows of children, and their steps beside the engine's."""

from functools import partial

import numpy as np
import pytest

from agents import crossing, ppo, replay
from agents.compiling import jax, jnp
from agents.networks import LearningMLP
from mesa_gym.solver import Solution
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import find_trap
from tests.support.refusals import refusals
from tests.support.training import FEW, small

LEVELS, SLOTS, MADE = 40, 24, 8


def make_crossing(trap="CoinRun", trainer=crossing.CrossPPO, seed=0, **options):
    """A small training with children, and the record of the children of one seed."""
    learner = LearningMLP(find_trap(trap)())
    env = learner.make_env(FEW.environments, alpha=0.5, num_levels=LEVELS)
    options = {"slots": SLOTS, "generation": MADE} | options
    program = trainer(learner, env, FEW, **options)
    program._first = 1
    return program, program.make_children(seed)


def make_visits(children, rng):
    """A record in which each level of the bank was played once, with random returns."""
    count = children.facts.count
    episodes = (np.arange(count) < children.bank.n).astype(np.int32)
    latest = np.float32(rng.random(count) * episodes * 0.5)
    return replay.Visits(episodes, latest, latest.copy(), np.float32(1), np.zeros((2, 16)))


def breed(program, children, generations):
    """Make generations of children; yield the record, their rows, and tables of two agents."""
    rng, put = np.random.default_rng(0), jax.jit(crossing.put_rows)
    visits = make_visits(children, rng)
    tables = jax.tree.map(lambda x: jnp.stack([x, x]), program._tables)
    for number in range(2, 2 + 2 * generations, 2):
        running = rng.integers(children.facts.count, size=FEW.environments)
        (rows, new), listed = children.advance(visits, running, number)
        tables = put(tables, 1, rows, new)
        children.check(tables, 1)
        yield visits, running, rows, listed, tables
        played = rows[:4]  # these children are judged by an episode of their own
        visits.episodes[played], visits.latest[played] = 1, rng.random(len(played))


@pytest.mark.parametrize("cap", [2, 5, 40])
def test_list_equals_reference_with_cap(cap):
    rng, (count, spare, size) = np.random.default_rng(cap), (400, 100, 30)
    for _ in range(20):
        scores = rng.integers(0, 8, count) / 8.0
        ancestors = np.r_[np.arange(count - spare), rng.integers(0, 6, spare)]
        lots, expected = rng.permutation(count), []
        for row in sorted(range(count), key=lambda row: (-scores[row], lots[row])):
            of_ancestor = sum(ancestors[other] == ancestors[row] for other in expected)
            if scores[row] > 0 and of_ancestor < cap and len(expected) < size:
                expected.append(row)
        rows = crossing.list_spread(scores, lots, ancestors, size, cap, spare)
        assert rows.tolist() == expected


def test_children_take_rows_of_lowest_scores():
    program, children = make_crossing()
    filled = np.zeros(0, int)
    for visits, running, rows, listed, _ in breed(program, children, 8):
        assert not np.isin(rows, running).any()
        assert rows.min() >= children.bank.n
        filled = np.union1d(filled, rows)
        assert (visits.episodes[rows] == 0).all()
        scores = children.score(visits)
        assert (scores[rows] == children.inherited[rows]).all()
        assert (scores[listed] > 0).all()
        counts = np.bincount(children.ancestors[listed])
        assert counts.max() <= crossing.MOST_RELATED
    assert len(filled) == SLOTS < children.made
    assert (children.ancestors < children.bank.n).all()


def test_mixed_up_row_is_detected():
    program, children = make_crossing()
    *_, (_, _, rows, _, tables) = breed(program, children, 2)
    children.generations = crossing.CHECKED - 1
    wall = tables.entries["wall"]
    cell = (children.facts.count + int(rows[0])) * children.trap.cells + 20
    flipped = wall.reshape(-1).at[cell].set(~wall.reshape(-1)[cell]).reshape(wall.shape)
    with pytest.raises(RuntimeError, match="differ from the start states"):
        children.check(tables._replace(entries={"wall": flipped}), 1)


@pytest.mark.thorough
@pytest.mark.parametrize("trap", ["CoinRun", "ColourShape"])
def test_children_step_as_engine_steps_them(trap):
    program, children = make_crossing(trap)
    *_, (_, _, rows, _, tables) = breed(program, children, 3)
    inner, trap = program.inner, children.trap
    env = inner.with_tables(jax.tree.map(lambda x: x[1], tables))
    rows = np.resize(np.unique(rows), FEW.environments)
    state = children.starts.state.take(rows - children.bank.n)
    optimum = Solution(trap, state, trap.horizon("train")).optimum(trap.base)
    optima = children.facts.optimum[rows]
    np.testing.assert_allclose(optima, optimum, rtol=1e-6)
    assert optima.min() > 0
    rng, over = np.random.default_rng(0), np.zeros(len(rows), bool)
    view, step = inner.inputs.view, jax.jit(env.step_env)
    obs, compiled = env.reset_to_level(rows)
    for _ in range(40):
        expected = view.list_inputs(
            trap.observe(state)[..., [trap.channel[x] for x in trap.channels]]
        )
        for ours, inputs in zip(np.asarray(obs)[~over], expected[~over], strict=True):
            assert {*ours.tolist()} - {view.count} == {*inputs.tolist()} - {view.count}
        action = rng.integers(0, 5, len(rows))
        obs, compiled, reward, _, infos = step(compiled, action)
        after = trap.step(state, action)
        np.testing.assert_array_equal(np.asarray(reward)[~over], after.paid[trap.base][~over])
        over, state = over | np.asarray(infos["terminated"]), after.state
        np.testing.assert_array_equal(over, over | after.ended)
    assert over.any()


def write_children(**options):
    """Return the rows, lists and planes of two generations as text."""
    program, children = make_crossing("CheeseCorner", **options)
    parts = [(rows, listed) for _, _, rows, listed, _ in breed(program, children, 2)]
    return str([[x.tolist() for x in part] for part in parts]), children.starts.planes.tobytes()


@pytest.mark.thorough
def test_option_of_crossing_changes_the_children():
    options = [{}, {"seed": 1}, {"cap": 1}, {"slots": 20}, {"generation": 6}]
    options.append({"score": lambda visits, facts: facts.optimum + visits.latest})
    usual, *others = (write_children(**x) for x in options)
    assert usual == write_children()
    assert len({usual, *others}) == 1 + len(others)


@pytest.mark.thorough
def test_share_of_zero_gives_ppo():
    run = small(trap="CoinRun", alpha=0.3, steps=4096)
    trainer = partial(crossing.CrossPPO, slots=200, generation=32, share=0.0)
    ((usual,), (crossed,)) = (ppo.train([run], trainer=x) for x in (ppo.PPO, trainer))
    assert encode_weights(crossed.agent.weights) == encode_weights(usual.agent.weights)


test_trap_without_layout_is_refused = refusals("agents", "crossing", globals())
