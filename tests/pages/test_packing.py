"""Packed levels and answers of policies, as a playable page stores them."""

import json

import numpy as np
import pytest

from mesa_gym.pages.packing import WIDE, CellSheet, find_answers, pack_level
from mesa_gym.pages.playground import pack_trap
from mesa_gym.policies import Memoryless, as_policy
from mesa_gym.rendering import render_rgb
from mesa_gym.solver import PlacementGraph
from tests.support.parameters import each_live, thorough
from tests.support.playgrounds import read_shares, unpack
from tests.support.small_traps import Corridor, SmallDish


def ask_everywhere(policy, trap=None):
    """Ask in all states of a shift level."""
    world = trap or SmallDish()
    states = list_states(world)
    return find_answers(as_policy(policy, world, world.horizon("shift")), world, states, "mine")


def list_states(trap):
    graph = PlacementGraph(trap, trap.levels("shift", [1]))
    return graph.states.take(slice(0, graph.going))


def test_packed_trap_has_levels_of_its_salt():
    trap = SmallDish()
    (level,) = pack_trap(trap, [("shift", 3)], [], "secret")["levels"]
    graph = PlacementGraph(trap, trap.levels("shift", [3], "secret"))
    np.testing.assert_array_equal(unpack(level)["cell"], graph.rank % trap.cells)


def look_ahead(planes):
    """Return probabilities that depend on the whole observation."""
    weights = np.random.default_rng(0).normal(size=(np.prod(planes.shape[1:]), 5))
    scores = np.exp(planes.reshape(len(planes), -1) @ weights)
    return scores / scores.sum(axis=1, keepdims=True)


class Counter:
    """Goes left in its first three steps of an episode, then right."""

    observation = "planes"

    def reset(self, mask, rng):
        fresh = np.zeros(len(mask), dtype=np.int64)
        self.steps = fresh if mask.all() else np.where(mask, 0, self.steps)

    def act(self, observation, state=None):
        self.steps += 1
        return np.where(self.steps <= 1, 0, 2)


class EpisodeCoin:
    """Throws a coin once an episode, and goes left or right all along."""

    observation = "planes"

    def reset(self, mask, rng):
        self.way = rng.integers(0, 2, len(mask)) * 2

    def act(self, observation, state=None):
        return self.way


class Late(Memoryless):
    """Reads the clock, though it says that it remembers nothing."""

    def act(self, observation, state=None):
        return np.where(state.clock < 20, 0, 2)


class OneByOne(Memoryless):
    """Answers row by row."""

    def act(self, observation, state=None):
        return np.concatenate([look_ahead(row[None]) for row in observation])


@pytest.mark.parametrize("policy", [look_ahead, OneByOne()])
def test_find_answers_are_those_of_the_policy(policy):
    trap = SmallDish()
    answers = look_ahead(trap.observe(list_states(trap)))
    np.testing.assert_allclose(ask_everywhere(policy), answers)


@pytest.mark.parametrize(
    "policy", [Counter(), EpisodeCoin(), Late(), "sweeper", "oracle:cheese", thorough("nearest")]
)
def test_find_answers_refuses_memory_luck_and_clocks(policy):
    assert ask_everywhere(policy) is None


TILE = 16


def draw_states(level, tiles, size):
    """Return the pictures of all states, as a page draws them: the world, then the agent's cell."""
    parts, (rows, columns) = unpack(level), size
    base = parts["base"].reshape(level["worlds"], -1).copy()
    base[1:] ^= base[0]
    sheet_tiles = base[parts["world"]]
    sheet_tiles[np.arange(len(sheet_tiles)), parts["cell"]] = parts["robot"]
    pictures = tiles[sheet_tiles].reshape(-1, rows, columns, TILE, TILE, 3)
    return pictures.swapaxes(2, 3).reshape(-1, rows * TILE, columns * TILE, 3)


@each_live
@pytest.mark.parametrize("split", ["train", "shift"])
def test_packed_level_unpacks_equal(trap, split):
    game = trap()
    graph, sheet = PlacementGraph(game, game.levels(split, [3])), CellSheet(game)
    shares = np.random.default_rng(0).dirichlet([0.5] * 5, graph.going)
    level = pack_level(graph, sheet, {2: shares})
    assert json.loads(json.dumps(level)) == level
    n, parts = graph.going, unpack(level)
    assert (level["going"], level["states"], level["start"]) == (n, len(graph), graph.start)
    after = parts["delta"].reshape(5, n) + np.arange(n)
    assert (after == graph.successor).all()
    for i, pays in enumerate(graph.paid.values()):
        amounts = np.array(level["payments"][i])
        assert (amounts[parts[f"paid{i}"]].reshape(5, n) == pays).all()
    world, cell = parts["world"].astype(np.int64), parts["cell"]
    assert (parts["rank"][world] * game.cells + cell == graph.rank).all()
    assert (cell == graph.states.agent).all()
    assert abs(read_shares(parts, 2) - shares).max() < 2e-7
    # Of all states at most 300, those that follow an end among them.
    rows = np.unique(np.linspace(0, len(graph) - 1, 300).astype(int))
    tiles = sheet.draw(TILE).reshape(-1, TILE, WIDE, TILE, 3).swapaxes(1, 2)
    drawn = draw_states(level, tiles.reshape(-1, TILE, TILE, 3), game.size)[rows]
    np.testing.assert_array_equal(drawn, render_rgb(game, graph.states.take(rows), TILE))


def test_packed_levels_share_one_sheet():
    trap = SmallDish()
    graphs = [PlacementGraph(trap, trap.levels("shift", [number])) for number in range(4)]
    sheet = CellSheet(trap)
    levels = [pack_level(graph, sheet, {}) for graph in graphs]
    assert len({tuple(names) for names in sheet.names}) == len(sheet.names)
    cells = [[], ["wall"], ["dish"], ["cheese"], ["agent"], ["agent", "dish"]]  # cheese is eaten
    assert sorted(sheet.names) == sorted(cells)
    drawn = sheet.draw(TILE)
    assert drawn.shape == (TILE, WIDE * TILE, 3)
    assert (drawn[:, 6 * TILE :] == 0).all()
    tiles = drawn.reshape(TILE, WIDE, TILE, 3).swapaxes(0, 1)
    for graph, level in zip(graphs, levels, strict=True):
        pictures = draw_states(level, tiles, trap.size)
        np.testing.assert_array_equal(pictures, render_rgb(trap, graph.states, TILE))


def test_packed_fractional_payments_are_exact():
    graph = PlacementGraph(Corridor(), Corridor().levels("shift", [0]))
    level = pack_level(graph, CellSheet(graph.trap), {})
    assert level["payments"] == [[0.0, 0.5, 1.0], [0.0, 0.25, 1.0]]
