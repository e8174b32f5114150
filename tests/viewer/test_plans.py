"""A planner in the viewer: its map, its way, and its goal put elsewhere."""

import numpy as np
import pytest
from edited import bare_cells, cells_of
from networks import plain_planner
from planners import Pathfinder, known_map
from viewing import pygame, session

from mesa_gym.engine.map_grid import place
from mesa_gym.errors import PolicyError
from mesa_gym.policies import as_policy
from mesa_gym.scoring import rollout
from mesa_gym.traps import find_trap
from mesa_gym.viewer.actors import LIFT, PolicyPlayer
from mesa_gym.viewer.overlays import parse_overlays
from mesa_gym.viewer.recording import record_pane
from mesa_gym.viewer.seats import Seat
from mesa_gym.viewer.session import Session

SHIFT = pygame.KMOD_SHIFT
NOWHERE = "no way can end there: Shift+click a cell that is not wall"


def watched(level=2, beside=None):
    trap = find_trap("CheeseCorner")()
    policies = [Pathfinder(trap), *([beside] if beside else [])]
    return Session(trap, [Seat(PolicyPlayer(each), "shift") for each in policies], level)


def said_of(driver, cell):
    """Return what is said of a cell where the mouse rests on it."""
    driver.hover(*driver.layout.grids[0].box_of(cell).middle)
    found = driver.screen.tips._find_tip()
    return found[1] if found else ""


def shift_click(driver, cell):
    driver.press(*driver.layout.grids[driver.session.focus].box_of(cell).middle, mod=SHIFT)
    driver.settle()


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


# -- its goal put elsewhere ------------------------------------------------------------------------


def test_planner_turns_to_a_raised_cell(drive):
    driver = drive(watched())
    trap, state = driver.session.trap, driver.session.pane.state(0)
    worth = known_map(trap, state)
    driver.settle()
    driver.key("u", ".")
    goal = bare_cells(trap, state)[0]
    shift_click(driver, goal)
    where = place(trap, goal)
    assert driver.message == f"the goal is now {where}; Shift+click there again takes it back"
    assert driver.session.pane.title == f"shift, level 2: Pathfinder, sent to {where}"
    assert driver.session.clock.playing
    assert driver.session.clock.cursor == 1
    assert said_of(driver, goal) == f"what it wants: {max(worth.values()) + LIFT:.2f}"
    other = bare_cells(trap, state)[1]
    assert said_of(driver, other) == f"what it wants: {worth[other]:.2f}"
    done = agents_cells(driver)
    assert done[-1] == goal
    assert len(done) == 65  # it stays there until the time is up
    assert driver.session.pane.line.find_intent(1).way == done[1 : done.index(goal) + 1]


def test_planner_goal_is_reset_by_second_click(drive):
    driver = drive(watched())
    trap, state = driver.session.trap, driver.session.pane.state(0)
    driver.settle()
    own, (cheese,) = agents_cells(driver), cells_of(trap, state, "cheese")
    first, second = bare_cells(trap, state)[:2]
    shift_click(driver, first)
    shift_click(driver, second)
    assert agents_cells(driver)[-1] == second
    shift_click(driver, second)
    assert driver.message == "the agent has its own goal again"
    assert (agents_cells(driver), agents_cells(driver)[-1]) == (own, cheese)
    shift_click(driver, first)
    driver.key("n")
    assert driver.session.pane.title == "shift, level 3: Pathfinder"


def test_planner_goal_on_a_wall_is_refused(drive):
    driver = drive(watched())
    trap, state = driver.session.trap, driver.session.pane.state(0)
    driver.settle()
    before = driver.session.pane.line
    for cell in cells_of(trap, state, "wall"):
        shift_click(driver, cell)
        assert driver.message == NOWHERE
    pane = driver.layout.panes[0]
    driver.press(pane.left + 1, pane.bottom - 1, mod=SHIFT)
    assert driver.message == NOWHERE
    assert driver.session.pane.line is before
    driver.key("end")
    shift_click(driver, bare_cells(trap, state)[0])
    assert driver.message == "the episode is over here: go back in time"
    assert driver.session.pane.line is before


@pytest.mark.parametrize("policy", ["oracle:cheese", "random"])
def test_goal_of_other_policies_cannot_move(drive, policy):
    driver = drive(session("CheeseCorner", policy))
    shift_click(driver, bare_cells(driver.session.trap, driver.session.pane.state(0))[0])
    assert driver.message.startswith(f"{policy} does not plan by a map")
    assert driver.session.pane.title == f"shift, level 3: {policy}"


def test_edited_planner_counts_for_no_choice(drive):
    """Neither does it count as its choice, nor is it recorded as what it does."""
    driver = drive(watched())
    first = bare_cells(driver.session.trap, driver.session.pane.state(0))[0]
    shift_click(driver, first)
    shift_click(driver, first)
    pane, choices = driver.session.pane, driver.session.choices
    assert pane.line.over
    assert choices.of(pane) == {}
    with pytest.raises(ValueError, match="with a goal put by hand"):
        record_pane(pane)
    driver.session.next_level()
    driver.session.next_level(-1)
    driver.settle()
    assert choices.of(driver.session.pane) == {2: "cheese"}
    assert record_pane(driver.session.pane).level == 2


@pytest.mark.thorough
def test_planner_network_is_read_and_sent(drive):
    trap = find_trap("CheeseCorner")()
    agent, state = plain_planner(trap), trap.levels("shift", [2])
    driver = drive(Session(trap, [Seat(PolicyPlayer(agent), "shift")], 2))
    intent = driver.session.pane.line.find_intent(0)
    known = np.isfinite(intent.wants)
    assert known.nonzero()[0].tolist() == sorted(known_map(trap, state))
    objective = agent.objective(trap.observe(state)).ravel()
    assert intent.wants[known].tolist() == objective[known].tolist()
    goal = bare_cells(trap, state)[0]
    shift_click(driver, goal)
    sent = driver.session.pane.line.find_intent(0)
    assert sent.wants[goal] == pytest.approx(objective[known].max() + LIFT, abs=1e-5)
    assert (sent.way[0], sent.way[-1]) == (state.agent[0], goal)


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
    shift_click(driver, bare_cells(trap, failing.pane.state(0))[0])
    assert "the map of a planner on CheeseCorner" in driver.message
