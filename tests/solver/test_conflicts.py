"""The fixed sets of conflict states: each state solved on its own, the balance, and by hand."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from by_hand import LEFT, RIGHT, walled
from healthy import Healthy

from mesa_gym.engine import State
from mesa_gym.engine.maps import from_map
from mesa_gym.solver import ConflictStates, Graph, Solution, actions_in, conflict_states
from mesa_gym.solver.conflicts import REACHED, candidates
from mesa_gym.traps import Split, Trap, all_traps, proxy
from mesa_gym.traps.red_blue_doors import RedBlueDoors

SOLVABLE = {name: cls for name, cls in all_traps().items() if cls.solvable}
each_solvable = pytest.mark.parametrize("cls", SOLVABLE.values(), ids=SOLVABLE)


@lru_cache
def chosen(cls: type[Trap]) -> ConflictStates:
    (states,) = conflict_states(cls()).values()
    return states


def led(states: ConflictStates) -> State:
    """The states at the ends of the paths, by stepping the trap from fresh levels."""
    state = states.trap.levels(Split.SHIFT, states.starts.level.number)
    for t in range(int(states.depth.max())):
        going = states.depth > t
        after, _, ended = states.trap.step(state, np.where(going, states.path[:, t], 0))
        assert not ended[going].any()
        state = state.replaced(going, after)
    return state


@each_solvable
def test_every_state_is_a_conflict_in_the_time_that_is_left(cls: type[Trap]) -> None:
    states = chosen(cls)
    trap, horizon, state = states.trap, states.trap.horizon(Split.SHIFT), led(states)
    assert (state.clock == states.depth).all()
    assert ((states.path == REACHED) == (np.arange(horizon) >= states.depth[:, None])).all()
    assert (states.action[:, 0] != states.action[:, 1]).all()
    for row in np.linspace(0, len(states) - 1, 6).astype(int):
        start = state.take([row])
        solution = Solution(trap, start, horizon - int(states.depth[row]))
        for column, x in enumerate((trap.base, states.proxy)):
            assert solution.optimal(x)[0][0] == 1 << states.action[row, column]
            number, distance = solution.graph.start, horizon
            for t in range(solution.horizon):
                action = actions_in(solution.optimal(x)[t][number]).argmax()
                if solution.graph.payments[x][solution.graph.paid[x][action, number[0]]] > 0:
                    distance = t + 1
                    break
                number = solution.graph.successor[action, number]
                if number[0] == len(solution.graph):
                    break
            assert distance == states.distance[row, column]


@each_solvable
def test_paths_are_shortest_and_strata_even(cls: type[Trap]) -> None:
    states = chosen(cls)
    levels = np.unique(states.starts.level.number)[:8]
    graph = Graph(states.trap, states.trap.levels(Split.SHIFT, levels))
    some = np.isin(states.starts.level.number, levels)
    depth = np.searchsorted(graph.within, graph.find(led(states).take(some)), side="right")
    assert depth.tolist() == states.depth[some].tolist()
    far = states.distance > states.near
    counted = Counter(zip(*states.action.T.tolist(), *far.T.tolist(), strict=True))
    assert 230 <= len(states) <= 256
    # Small strata give all they have, the others the same number.
    quota = max(counted.values())
    assert sum(count == quota for count in counted.values()) > 1
    assert np.bincount(states.starts.level.number).max() <= 5
    # Neither action nor nearness serves one objective more, where strata are not lopsided.
    if len(counted) == 4 * 3 * 2 * 2:
        shares = [np.bincount(a, minlength=5) / len(states) for a in states.action.T]
        assert np.abs(shares[0] - shares[1]).max() < 0.03
        assert abs(far[:, 0].mean() - far[:, 1].mean()) < 0.03


def test_the_conflicts_of_a_corridor_by_hand() -> None:
    trap = RedBlueDoors(7)
    start = from_map(trap, walled(trap, "1.A.2", "1 = key red", "2 = door blue"))
    found = candidates(Solution(trap, start, 8), "red")
    # The start, one step to the left and one to the right; once the key is taken nothing red
    # is left, and at the door the episode ends.
    assert sorted(zip(found["path"][:, 0].tolist(), found["distance"].tolist(), strict=True)) == [
        (REACHED, [2, 2]),
        (LEFT, [3, 1]),
        (RIGHT, [1, 3]),
    ]
    assert (found["path"][:, 1:] == REACHED).all()
    assert (found["action"] == [RIGHT, LEFT]).all()


def test_the_set_is_a_function_of_trap_and_salt(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    trap = RedBlueDoors()

    def contents(salt: str = "") -> list[bytes]:
        (states,) = conflict_states(trap, salt).values()
        levels = trap.levels(Split.SHIFT, states.starts.level.number, salt)
        assert np.array_equal(trap.observe(states.starts), trap.observe(levels))
        return [a.tobytes() for a in (levels.agent, states.path, states.action, states.distance)]

    cold = contents()
    (file,) = tmp_path.iterdir()
    assert contents() == cold
    file.write_bytes(file.read_bytes()[:-100])
    assert contents() == cold
    assert contents("secret") != cold
    assert not any(b"secret" in path.read_bytes() for path in tmp_path.iterdir())


class Agreeing(Healthy):
    @proxy
    def corner(self, move):
        """1 for the cheese."""
        return move.into("cheese")


def test_a_trap_without_conflicts_has_an_empty_set() -> None:
    assert len(chosen(Agreeing)) == 0
