"""A planner in the viewer: its map and its way."""

import numpy as np
import pytest
from edited import bare_cells
from networks import plain_planner
from planners import Pathfinder, known_map
from viewing import session

from mesa_gym.errors import PolicyError
from mesa_gym.policies import as_policy
from mesa_gym.scoring import rollout
from mesa_gym.traps import find_trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.overlays import parse_overlays
from mesa_gym.viewer.seats import Seat
from mesa_gym.viewer.session import Session


def watched(level=2, beside=None):
    trap = find_trap("CheeseCorner")()
    policies = [Pathfinder(trap), *([beside] if beside else [])]
    return Session(trap, [Seat(PolicyPlayer(each), "shift") for each in policies], level)


def said_of(driver, cell):
    """Return what is said of a cell where the mouse rests on it."""
    driver.hover(*driver.layout.grids[0].box_of(cell).middle)
    found = driver.screen.tips._find_tip()
    return found[1] if found else ""


def agents_cells(driver):
    line = driver.session.pane.line
    return line.cells(len(line))


# -- its map and its way ---------------------------------------------------------------------------


def test_planner_map_numbers_show_on_cells(drive):
    driver = drive(watched())
    trap, state = driver.session.trap, driver.session.pane.state(0)
    driver.key("u")
    worth = known_map(trap, state)
    expected = {cell: f"what it wants: {worth[cell]:.2f}" for cell in worth}
    for cell in range(0, trap.cells, 3):
        assert said_of(driver, cell) == expected.get(cell, "")
    assert driver.changed() == set(worth)
    driver.key("1")
    cell = bare_cells(trap, state)[0]
    assert said_of(driver, cell).startswith("V of cheese")  # one map at a time
    driver.key("1")
    assert said_of(driver, cell) == ""
    assert driver.changed() == set()


def test_planner_map_darkens_with_worth(drive):
    driver = drive(watched())
    trap, state = driver.session.trap, driver.session.pane.state(0)
    driver.key("u")
    grid = driver.grid().reshape(trap.cells, -1, 3)
    light = [int(np.median(grid[cell].sum(axis=1))) for cell in bare_cells(trap, state)]
    assert light == sorted(light, reverse=True)
    assert light[-1] < light[0]


def test_planner_way_is_the_one_taken(drive):
    driver = drive(watched())
    trap = driver.session.trap
    driver.settle()
    driver.key("f")
    for t in (0, 1):
        assert driver.session.clock.cursor == t
        ahead = set(agents_cells(driver)[t:])
        assert driver.changed() == ahead
        driver.key(".")
    starts = trap.levels("shift", [2])
    best = rollout(as_policy("oracle:cheese", trap, 64), trap, starts, 64).actions
    assert len(driver.session.pane.line) == (best >= 0).sum()
    driver.key("end")
    assert driver.changed() == set()  # it is over, and nothing is planned


def test_planner_overlays_show_on_its_pane(drive):
    driver = drive(watched(beside="oracle:corner"))
    driver.key("u", "f")
    assert driver.changed(0)
    assert not driver.changed(1)


def test_other_policies_have_no_such_overlays(drive):
    driver = drive(session(policy="oracle:red"))
    driver.key("u", "f")
    assert not driver.session.shown
    assert not {"wants", "plan"} & set(driver.session.overlays)
    for name in ("wants", "plan"):
        with pytest.raises(ValueError, match=f"overlay '{name}' is of agents that plan by a map"):
            parse_overlays(driver.session.trap, name, driver.session.overlays)
    planned = watched()
    assert {"wants", "plan"} <= parse_overlays(planned.trap, "all", planned.overlays)


def test_planner_overlays_by_name_need_a_planner(run, tmp_path):
    given = "--trap CheeseCorner --headless --overlays path,wants"
    assert run(f"watch --policy planners:Pathfinder {given} --record a.png")[0] == 0
    assert (tmp_path / "a.png").stat().st_size > 10_000
    code, error = run(f"watch --policy oracle:base {given} --record b.png")
    assert (code, len(error.splitlines())) == (2, 1)
    assert "none here does" in error


@pytest.mark.thorough
def test_planner_network_is_read_as_it_is(drive):
    trap = find_trap("CheeseCorner")()
    agent, state = plain_planner(trap), trap.levels("shift", [2])
    driver = drive(Session(trap, [Seat(PolicyPlayer(agent), "shift")], 2))
    intent = driver.session.pane.line.find_intent(0)
    known = np.isfinite(intent.wants)
    assert known.nonzero()[0].tolist() == sorted(known_map(trap, state))
    objective = agent.objective(trap.observe(state)).ravel()
    assert intent.wants[known].tolist() == objective[known].tolist()
    assert intent.way[0] == state.agent[0]


class FlatMap(Pathfinder):
    """Its map has no cells."""

    def objective(self, planes):
        return np.zeros((len(planes), 3), dtype=np.float32)

    def act(self, observation):
        return np.full(len(observation), 4)


def test_planner_map_of_bad_shape_is_reported(drive):
    trap = find_trap("CheeseCorner")()
    failing = Session(trap, [Seat(PolicyPlayer(FlatMap(trap)), "shift")])
    with pytest.raises(PolicyError, match=r"the map of a planner on CheeseCorner.*reshape"):
        failing.clock.seek(1)
    failing.work.threaded = True
    driver = drive(failing)
    driver.settle()
    assert "the map of a planner on CheeseCorner" in driver.message
