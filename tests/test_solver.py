"""The solver against hand-computed values, plain search over observations, and plain recursion."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise, permutations

import numpy as np
import pytest

from mesa_gym.grid.maps import from_map
from mesa_gym.solver import ANY, Solution, actions_in, level_values
from mesa_gym.solver.graph import Graph
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import POUCH, KeysChests
from mesa_gym.traps.red_blue_doors import RedBlueDoors

GAMMA = 0.99
LEFT, DOWN, RIGHT, UP, ACT = range(5)
STEPS = {LEFT: (0, -1), DOWN: (1, 0), RIGHT: (0, 1), UP: (-1, 0), ACT: (0, 0)}
SOLVABLE = {name: cls for name, cls in all_traps().items() if cls.solvable}
each_solvable = pytest.mark.parametrize("cls", SOLVABLE.values(), ids=SOLVABLE)


def solve(trap: Trap, text: str, horizon: int) -> Solution:
    state = from_map(text, trap.schema)
    state.mark_once()
    return Solution(trap, state, horizon)


CORRIDOR = """
#######
#c..A.#
#######
#######
#######
#######
#######
"""


def test_optimum_in_a_corridor_is_discounted_by_the_walk() -> None:
    solution = solve(CheeseCorner(7), CORRIDOR, 10)
    assert solution.optimum("cheese")[0] == pytest.approx(GAMMA**2)
    assert solution.optimal("cheese")[0][0] == 1 << LEFT
    assert solution.staying("cheese")[0] == 0


def test_what_cannot_be_reached_in_time_is_worth_nothing() -> None:
    solution = solve(CheeseCorner(7), CORRIDOR, 2)
    assert solution.optimum("cheese")[0] == 0
    assert solution.optimal("cheese")[0][0] == 0b11111


def test_random_floor_equals_a_plain_markov_chain() -> None:
    solution = solve(CheeseCorner(7), CORRIDOR, 10)
    # Cells 1..5 of the corridor; the cheese on 1 ends the episode.
    chance, expected = {4: 1.0}, 0.0
    for t in range(10):
        after: dict[int, float] = {}
        for cell, p in chance.items():
            for action in range(5):
                to = cell + STEPS[action][1]
                to = cell if to > 5 else to
                if to == 1:
                    expected += p / 5 * GAMMA**t
                else:
                    after[to] = after.get(to, 0) + p / 5
        chance = after
    assert solution.uniform("cheese")[0] == pytest.approx(expected, abs=1e-12)


TWO_WAYS = """
#######
#A.k.D#
#.###.#
#.....#
#######
#######
#######
"""


def test_best_and_worst_among_optimal_policies() -> None:
    text = TWO_WAYS.replace("k", "1").replace("D", "2") + "\n1 = key red\n2 = door blue\n"
    solution = solve(RedBlueDoors(7), text, 20)
    # The straight way to the door passes the key; there is no other of that length.
    assert solution.optimum("door")[0] == pytest.approx(GAMMA**3)
    assert solution.worst("red", among="door")[0] == pytest.approx(GAMMA)
    # Taking the key first and then staying is red-optimal too: the worst for the door is 0.
    assert solution.worst("door", among="red")[0] == 0
    assert solution.best("door", among="red")[0] == pytest.approx(GAMMA**3)
    assert solution.optimum(ANY)[0] == pytest.approx(GAMMA + GAMMA**3)


def test_the_oracle_of_a_proxy_is_base_optimal_once_the_proxy_is_done() -> None:
    text = TWO_WAYS.replace("k", "1").replace("D", "2") + "\n1 = key red\n2 = door blue\n"
    solution = solve(RedBlueDoors(7), text, 20)
    number = solution.graph.start
    walked = []
    for t in range(4):
        (action,) = actions_in(solution.oracle("red")[t][number])[0].nonzero()[0]
        walked.append(action)
        number = solution.graph.successor[action, number]
    assert walked == [RIGHT] * 4
    assert number[0] == len(solution.graph)  # through the door


def walls_and_places(observation: np.ndarray, trap: Trap) -> tuple[set, dict[str, list]]:
    """Open cells and the cells of each plane, read off the observation alone."""
    names = [p.name for p in trap.schema.planes]
    places: dict[str, list] = {name: [] for name in names}
    for y, x, c in zip(*observation.nonzero(), strict=True):
        places[names[c]].append((y, x))
    height, width = observation.shape[:2]
    cells = {(y, x) for y in range(height) for x in range(width)}
    return cells - set(places["wall"]), places


def walk(open_cells: set, start: tuple, closed: set) -> dict[tuple, int]:
    """Plain breadth-first search; closed cells can be reached, not passed."""
    steps, queue = {start: 0}, [start]
    for cell in queue:
        if cell in closed and cell != start:
            continue
        for dy, dx in STEPS.values():
            to = (cell[0] + dy, cell[1] + dx)
            if to in open_cells and to not in steps:
                steps[to] = steps[cell] + 1
                queue.append(to)
    return steps


def collected(open_cells: set, start: tuple, goals: list, ends: set, horizon: int) -> float:
    """The best discounted sum of 1 for each goal cell, by trying every order of visits."""
    from_cell = {c: walk(open_cells, c, ends) for c in (start, *goals)}
    best = 0.0
    for order in permutations(goals):
        total, time = 0.0, 0
        for here, there in pairwise((start, *order)):
            if here in ends or there not in from_cell[here]:
                break
            time += from_cell[here][there]
            total += GAMMA ** (time - 1) if time <= horizon else 0.0
        best = max(best, total)
    return best


def red_things(places: dict[str, list]) -> list:
    return places["red"]


def the_corner(places: dict[str, list]) -> list:
    return [(1, 1)]


@pytest.mark.parametrize("split", Split)
@pytest.mark.parametrize("levels", [60, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("cls", "ending", "proxy_cells"),
    [(RedBlueDoors, "door", red_things), (CheeseCorner, "cheese", the_corner)],
)
def test_optimum_equals_search_over_the_observation(
    cls: type[Trap], ending: str, proxy_cells: Callable, levels: int, split: Split
) -> None:
    trap, numbers = cls(), np.arange(levels)
    values, horizon = level_values(trap, split, numbers), trap.horizon(split)
    for i, observation in enumerate(trap.levels(split, numbers).planes):
        open_cells, places = walls_and_places(observation, trap)
        (agent,), ends = places["agent"], set(places[ending])
        for objective, goals in ((trap.base, list(ends)), (trap.proxies[0], proxy_cells(places))):
            expected = collected(open_cells, agent, goals, ends, horizon)
            assert values.optimum[objective][i] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("split", Split)
def test_keys_chests_equals_a_plain_recursion(split: Split) -> None:
    trap, horizon = KeysChests(), 40
    starts = trap.levels(split, np.arange(3))
    solution = Solution(trap, starts, horizon)
    for i, observation in enumerate(starts.planes):
        open_cells, places = walls_and_places(observation, trap)
        for objective in ("chests", "keys"):

            @cache
            def value(
                cell: tuple,
                keys: frozenset,
                chests: frozenset,
                held: int,
                left: int,
                objective: str = objective,
                open_cells: frozenset = frozenset(open_cells),
            ) -> float:
                if left == 0 or not chests or not (keys or held):
                    return 0.0
                best = 0.0
                for dy, dx in STEPS.values():
                    to = (cell[0] + dy, cell[1] + dx)
                    if to not in open_cells or (to in chests and not held):
                        to = cell
                    key, chest = to in keys and to != cell, to in chests and to != cell
                    now = float(key if objective == "keys" else chest)
                    after = value(
                        to,
                        keys - {to} if key else keys,
                        chests - {to} if chest else chests,
                        min(held + key, POUCH) - chest,
                        left - 1,
                    )
                    best = max(best, now + GAMMA * after)
                return best

            start = (places["agent"][0], frozenset(places["key"]), frozenset(places["chest"]), 0)
            assert solution.optimum(objective)[i] == pytest.approx(value(*start, horizon), abs=1e-9)


@each_solvable
def test_graph_of_many_levels_equals_graphs_of_each(cls: type[Trap]) -> None:
    trap = cls()
    starts = trap.levels(Split.SHIFT, np.arange(6))
    together = Solution(trap, starts, 30)
    for i in range(6):
        alone = Solution(trap, starts.take(np.array([i])), 30)
        assert (together.graph.level_row == i).sum() == len(alone.graph)
        for x in trap.objectives:
            assert together.optimum(x)[i] == alone.optimum(x)[0]
            assert together.floor(x)[i] == pytest.approx(alone.floor(x)[0], abs=1e-12)


@each_solvable
def test_finding_states_of_a_random_walk(cls: type[Trap]) -> None:
    trap = cls()
    state = trap.levels(Split.SHIFT, np.arange(8))
    graph = Graph(trap, state.copy())
    number, rng = graph.find(state), np.random.default_rng(0)
    assert number.tolist() == list(range(8))
    for _ in range(40):
        action = rng.integers(0, 5, len(state))
        ended = trap.advance(state, action).ended
        number = graph.successor[action, number]
        assert (number[ended] == len(graph)).all()
        state, number = state.take((~ended).nonzero()[0]), number[~ended]
        assert graph.find(state).tolist() == number.tolist()
        if not len(state):
            break
    strangers = trap.levels(Split.SHIFT, np.arange(100, 104))
    assert (graph.find(strangers) == -1).all()


def test_equal_starts_are_refused() -> None:
    trap = CheeseCorner()
    with pytest.raises(ValueError, match="different from each other"):
        Graph(trap, trap.levels(Split.TRAIN, [3, 3]))


# -- what is kept on disk ------------------------------------------------------------------------


def test_values_are_kept_and_a_damaged_file_is_computed_anew(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    trap, numbers = CheeseCorner(), np.arange(20)
    first = level_values(trap, Split.SHIFT, numbers)
    (kept,) = tmp_path.glob("*.npz")
    monkeypatch.setattr("mesa_gym.solver.values.solutions", None)  # solving would now fail
    second = level_values(trap, Split.SHIFT, numbers)
    assert second.best["cheese", "corner"].tolist() == first.best["cheese", "corner"].tolist()
    assert second.states.tolist() == first.states.tolist()
    monkeypatch.undo()
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    kept.write_bytes(kept.read_bytes()[:100])
    third = level_values(trap, Split.SHIFT, numbers)
    assert third.optimum["cheese"].tolist() == first.optimum["cheese"].tolist()
    assert kept.stat().st_size > 100


@pytest.mark.parametrize("change", ["salt", "horizon", "numbers", "split", "size"])
def test_anything_that_values_depend_on_makes_another_file(change, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    level_values(CheeseCorner(), Split.TEST, np.arange(3))
    level_values(
        CheeseCorner(11 if change == "size" else None),
        Split.CONTROL if change == "split" else Split.TEST,
        np.arange(4 if change == "numbers" else 3),
        horizon=20 if change == "horizon" else None,
        salt="s" if change == "salt" else "",
    )
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_a_trap_without_solver_says_so() -> None:
    class Unsolvable(CheeseCorner):
        solvable = False

    with pytest.raises(ValueError, match="no exact solver"):
        level_values(Unsolvable(), Split.TEST, np.arange(3))
