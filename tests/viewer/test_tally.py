"""What the levels that were watched say together, against scoring's own measures."""

from __future__ import annotations

import numpy as np
import pytest
from viewing import session

from mesa_gym.policies import load_policy
from mesa_gym.scoring import rollout, verdict_by_conflicts
from mesa_gym.scoring.measures import conflict_counts, reliance
from mesa_gym.scoring.played import measure
from mesa_gym.solver import Solution
from mesa_gym.traps import Split
from mesa_gym.viewer.actors import Decision
from mesa_gym.viewer.session import Session


def watch_to_the_end(watched: Session) -> None:
    watched.seek(10_000)
    watched.update(0.0)


@pytest.mark.parametrize("trap", ["RedBlueDoors", "KeysChests"])
@pytest.mark.parametrize("policy", ["random", "oracle:any", "oracle:base"])
def test_it_says_what_scoring_says_of_these_levels(trap: str, policy: str) -> None:
    watched = session(trap, policy, level=0)
    for _ in range(6):
        watch_to_the_end(watched)
        watched.next_level()
    made, horizon = watched.trap, watched.trap.horizon(Split.SHIFT)
    starts = made.levels(Split.SHIFT, np.arange(6))
    actions = rollout(load_policy(policy, made, horizon), made, starts, horizon)
    played = measure(made, Split.SHIFT, Solution(made, starts, horizon), {"it": actions})["it"]
    by = {x: reliance(conflict_counts(kinds)) for x, kinds in played.kinds.items()}
    assert watched.tally.verdict(watched.pane) == (6, verdict_by_conflicts(by))


def test_only_what_the_player_did_itself_to_the_end_counts_and_once() -> None:
    watched = session("RedBlueDoors", "oracle:red", level=0)
    watched.seek(1)
    watched.update(0.0)
    assert watched.tally.verdict(watched.pane) == (0, "")
    watch_to_the_end(watched)
    watch_to_the_end(watched)
    assert watched.tally.verdict(watched.pane) == (1, "proxy:red")
    # Taken over by hand for a step, and edited.
    watched.next_level()
    watched.act(4)
    watch_to_the_end(watched)
    assert watched.pane.line.steps[0].decision == Decision(4)
    assert watched.tally.verdict(watched.pane)[0] == 1
    watched.next_level()
    watched.replace(watched.pane.state(0))
    watch_to_the_end(watched)
    assert watched.tally.verdict(watched.pane)[0] == 1


def test_a_trap_without_solver_has_none() -> None:
    watched = session("TreeFarm", "random", level=0)
    watch_to_the_end(watched)
    assert watched.tally.verdict(watched.pane) == (0, "")
