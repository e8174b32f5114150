"""The viewer's overlays, turned on by keys: what they draw on the grid, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from viewing import Drive, session

from mesa_gym.policies import load_policy, uniform
from mesa_gym.scoring import rollout
from mesa_gym.traps import Split
from mesa_gym.viewer.layers import EPISODES
from mesa_gym.viewer.theme import PALETTES


def test_the_path_so_far(drive: Drive) -> None:
    driver = drive()
    driver.key("end")
    driver.key("p")
    visited = {int(state.agent[0]) for state in driver.session.pane.line.states}
    assert visited <= driver.changed()
    assert len(driver.changed()) <= len(visited) + 4  # a line's edge may touch a neighbour
    driver.key("home")
    assert driver.changed() == {int(driver.session.pane.state(0).agent[0])}
    driver.key("p")
    assert driver.changed() == set()


def test_oracles_paths_lead_where_oracles_go(drive: Drive) -> None:
    driver = drive(session(policy="stay"))
    driver.key("o")
    driver.settle()
    layers = driver.screen._views[0].layers
    trap = driver.session.trap
    start = trap.levels(Split.SHIFT, [3])
    for x in trap.objectives:
        name, horizon = f"oracle:{x}", trap.horizon(Split.SHIFT)
        policy = load_policy(name, trap, horizon)
        actions = rollout(policy, trap, start, horizon, agent=name).actions[0]
        line = layers.paths[x]
        assert line.actions().tolist() == actions[actions >= 0].tolist()
        assert set(line.cells(len(line))) <= driver.changed()


@pytest.mark.parametrize(("key", "objective"), [("1", "door"), ("2", "red")])
def test_heat_grows_with_the_value(drive: Drive, key: str, objective: str) -> None:
    driver = drive()
    driver.key(key)
    heat = driver.session.pane.insight.heat(objective, 0)
    known = np.isfinite(heat)
    grid, plain = driver.grid(), driver.plain()
    empty = ~driver.session.trap.observe(driver.session.pane.state(0))[0].any(axis=2).ravel()
    assert driver.changed() == set((known).nonzero()[0].tolist())
    # Of bare cells, the distance from floor to the objective's colour that is left.
    colour = np.array(PALETTES["okabe-ito"][int(key) - 1])
    side = grid.shape[2] // 2
    cells = (known & empty).nonzero()[0]
    middle = grid.reshape(-1, *grid.shape[2:])[cells, side, side].astype(float)
    bare = plain.reshape(-1, *grid.shape[2:])[cells, side, side].astype(float)
    left = np.linalg.norm(middle - colour, axis=1) / np.linalg.norm(bare - colour, axis=1)
    order = np.argsort(heat[cells], kind="stable")
    assert (np.diff(left[order]) <= 0.02).all()
    assert left[order][0] > 0.9 > 0.3 > left[order][-1]


def test_two_heat_maps_share_each_cell(drive: Drive) -> None:
    driver = drive()
    driver.key("1")
    one = driver.grid()
    driver.key("2")
    both, plain = driver.grid(), driver.plain()
    cell = divmod(int(np.nanargmax(driver.session.pane.insight.heat("door", 0))), 9)
    tile = both.shape[2]
    left, right = both[cell][:, : tile // 2], both[cell][:, tile - tile // 2 :]
    assert (left == one[cell][:, : tile // 2]).all()
    assert (right != one[cell][:, tile - tile // 2 :]).any()
    assert (right != plain[cell][:, tile - tile // 2 :]).any()


def test_conflict_cells_are_hatched(drive: Drive) -> None:
    driver = drive()
    driver.key("c")
    conflicts = set(driver.session.pane.insight.conflicts("red", 0).nonzero()[0].tolist())
    assert conflicts
    inner = (driver.grid() != driver.plain())[:, :, 4:-4, 4:-4].any(axis=(2, 3, 4)).ravel()
    assert set(inner.nonzero()[0].tolist()) == conflicts


def test_visits_count_a_hundred_episodes(drive: Drive) -> None:
    driver = drive(session(policy="random"))
    driver.key("v")
    driver.settle()
    layers, watched = driver.screen._views[0].layers, driver.session
    assert layers.played == EPISODES
    # By hand: a hundred rows of one level, each with its own seed.
    trap, start = watched.trap, watched.pane.state(0)
    counts = np.zeros(81, dtype=int)
    for seed in range(EPISODES):
        state = start
        counts[state.agent[0]] += 1
        for action in rollout(uniform(), trap, start, 64, seed, "random").actions[0]:
            if action < 0:
                break
            state = trap.step(state, np.array([int(action)])).state
            counts[state.agent[0]] += 1
    assert layers.visits.tolist() == counts.tolist()
    assert set(counts.nonzero()[0].tolist()) <= driver.changed()


def test_action_chances(drive: Drive) -> None:
    driver = drive(session(policy="random"))
    driver.key("a")
    cell = int(driver.session.pane.state(0).agent[0])
    assert cell in driver.changed()
    assert driver.changed() <= {cell, cell - 9, cell + 9, cell - 1, cell + 1}
    driver.key("end")
    assert driver.changed() == set()


def test_what_it_sees_is_drawn_below(drive: Drive) -> None:
    driver = drive()
    high = driver.layout.grids[0].box.height
    driver.key("s")
    drawer = driver.layout.drawers[0]
    assert driver.layout.grids[0].box.height < high
    top, left = int(drawer.top), int(drawer.left)
    part = driver.pixels[top : top + int(drawer.height), left : left + int(drawer.width)]
    # The wall plane has many dark pixels, the agent's one cell's.
    step = int((drawer.width - 80) / 6)
    dark = [(part[18:, k * step : k * step + step - 4] < 60).all(axis=2).sum() for k in range(2)]
    assert dark[1] > 10 * dark[0] > 0
    driver.key("s")
    assert driver.layout.grids[0].box.height == high
