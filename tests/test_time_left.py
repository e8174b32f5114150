"""Values with any number of steps left, against the solver's backward sweeps and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mesa_gym.policies import Oracle
from mesa_gym.scoring import rollout
from mesa_gym.solver import Graph, Solution, TimeLeft
from mesa_gym.traps import Split, package_traps
from mesa_gym.traps.coin_run import CoinRun

SOLVABLE = [cls for cls in package_traps().values() if cls.solvable]


@pytest.mark.parametrize("cls", SOLVABLE, ids=lambda cls: cls.name())
def test_it_says_what_the_solution_says_along_an_episode(cls: type) -> None:
    trap = cls()
    horizon = trap.horizon(Split.SHIFT)
    start = trap.levels(Split.SHIFT, [3])
    known = Solution(trap, start, horizon)
    anywhen = TimeLeft(known.graph, horizon)
    actions = rollout(Oracle(trap, trap.proxies[0], horizon), trap, start, horizon)
    visited = known.graph.follow(actions)
    for x in trap.objectives:
        q = known.action_values(x, visited)
        for t in (visited[:, 0] >= 0).nonzero()[0]:
            mine = anywhen.action_values(x, visited[t], horizon - int(t))
            assert mine == pytest.approx(q[t], abs=1e-12)
            best = known.optimal(x)[t][visited[t]]
            assert anywhen.optimal(x, visited[t], horizon - int(t)).tolist() == [
                [bool(best[0] >> a & 1) for a in range(5)]
            ]


def test_the_last_step_is_worth_what_it_pays() -> None:
    trap = CoinRun()
    known = TimeLeft(Graph(trap, trap.levels(Split.TRAIN, [0])), 4)
    graph = known.graph
    pays = graph.payments["coin"][graph.paid["coin"]]
    everywhere = np.arange(len(graph))
    assert (pays > 0).any()
    assert (known.action_values("coin", everywhere, 1) == pays.T).all()
    assert (known.values("coin")[0] == 0).all()
    # Two steps left: beside the states that are paid at once, those one step before them.
    assert (known.values("coin")[2] > 0).sum() > (known.values("coin")[1] > 0).sum()
