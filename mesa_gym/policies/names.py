"""Names of the policies that come with a trap."""

from __future__ import annotations

from mesa_gym.errors import shorten, unknown
from mesa_gym.solver import EITHER
from mesa_gym.traps import Trap
from mesa_gym.traps.life import is_life

# A reference policy of a solvable trap, as ``EITHER`` is.
AIMLESS = "aimless"
# The best learner of a trap of lives.
LEARNER = "oracle:learner"
# A policy without goal that covers the grid, of every trap.
SWEEPER = "sweeper"


def references(trap: Trap | type[Trap]) -> list[str]:
    """Return name -> policy of the baselines with which a trained agent of the trap is compared."""
    return [*_list_goals(trap), "random", "stay", SWEEPER]


def name_pursuer(trap: Trap | type[Trap], objective: str) -> str:
    """Return the name of the policy that pursues an objective: its oracle, or its reference."""
    return f"{'oracle' if trap.solvable else 'reference'}:{objective}"


def _list_goals(trap: Trap | type[Trap]) -> list[str]:
    goals = [name_pursuer(trap, x) for x in trap.objectives]
    if is_life(trap):
        goals.append(LEARNER)
    return [*goals, EITHER, AIMLESS] if trap.solvable else goals


def find_objective(trap: Trap, kind: str, objective: str) -> str:
    """Return the objective's name, of which ``base`` is an alias; ``kind`` is the policy's kind.

    Raises:
        ValueError: the trap has the other kind of policies, or no such objective.
    """
    if (name := f"{kind}:{objective}") != name_pursuer(trap, objective):
        raise not_for(trap, name)
    if objective not in ("base", *trap.objectives):
        raise unknown(f"objective of {trap.name()}", objective, trap.objectives)
    return trap.base if objective == "base" else objective


def not_for(trap: Trap, spec: str) -> ValueError:
    """Return the error for an oracle without a solver, or for a reference policy with one."""
    has, use = "an" if trap.solvable else "no", ", ".join(_list_goals(trap))
    return ValueError(f"{trap!r} has {has} exact solver, so no {shorten(spec)}; use one of {use}")
