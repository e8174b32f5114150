"""The reason why base-optimal play loses a proxy's optimum: both plays on the worst level."""

from __future__ import annotations

import inspect
import os
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, to_map
from mesa_gym.solver.certificate import Agreement, Certificate
from mesa_gym.solver.solution import Solution
from mesa_gym.solver.sweeps import Masks
from mesa_gym.traps import Split, Trap, package_traps


class Way(NamedTuple):
    """One play of a level.

    Attributes:
        actions: one letter per action, the first of its name; ``a`` is act.
        payments: the objective's payments, without zeros.
        earned: the discounted sum of the payments.
    """

    actions: str
    payments: list[float]
    earned: float


def explain_failures(trap: Trap, certificate: Certificate) -> list[str]:
    """Return a certificate's failing conditions in words, with a reason for a disagreement."""
    wrong = [agreement for agreement in certificate.agreement if not agreement.holds]
    return [
        *certificate.failures(),
        *(explain_disagreement(trap, agreement) for agreement in wrong[:1]),
    ]


def explain_disagreement(trap: Trap, agreement: Agreement) -> str:
    """Describe how the proxy's best play differs from the worst base-optimal play.

    Args:
        trap: a trap; with declared ``outcomes``, only the worst level is named.
        agreement: a failing agreement; its worst level is solved again.

    Returns:
        Lines: both returns and payments, the likely cause, the level, both plays, and the command
        that draws them.
    """
    if trap.outcomes:
        return f"level {agreement.worst_level} of {agreement.split} is the worst"
    split, x = Split.of(agreement.split), agreement.proxy
    starts = trap.levels(split, [agreement.worst_level])
    solution = Solution(trap, starts, trap.horizon(split))
    best = follow_masks(solution, solution.optimal(x), x)
    kept = follow_masks(solution, solution.least(x, trap.base), x)
    lines = [
        f"on level {agreement.worst_level} of {split} the best play for {x!r} earns"
        f" {best.earned:.2f} by {count_payments(best)}, the worst base-optimal play"
        f" {kept.earned:.2f} by {count_payments(kept)}: {_name_cause(best, kept)}",
        to_map(trap, starts),
        f"best for {x!r}: {best.actions}",
        f"base-optimal: {kept.actions}",
        f"see it: mesa-gym export {name_for_command(trap)} --split {split} --levels"
        f" {agreement.worst_level} --policy oracle:{x} oracle:{trap.base} --out level.html",
    ]
    return "\n".join(lines)


def follow_masks(solution: Solution, masks: Masks, objective: str) -> Way:
    """Return the play of a policy on the first level; ties take the first action."""
    graph, number, letters = solution.graph, int(solution.graph.start[0]), ""
    pays = graph.payments[objective][graph.paid[objective]]
    payments, earned = list[float](), 0.0
    for t, mask in enumerate(masks):
        action = int(np.flatnonzero(mask[number] >> np.arange(len(ACTIONS)) & 1)[0])
        letters += ACTIONS[action][0]
        reward = float(pays[action, number])
        payments += [reward] if reward else []
        earned += solution.trap.discount(objective) ** t * reward
        number = int(graph.successor[action, number])
        if number == len(graph):
            break
    return Way(letters, payments, earned)


def count_payments(way: Way) -> str:
    """Describe the number of payments of a play."""
    return f"{len(way.payments)} payment{'s' * (len(way.payments) != 1)}"


def _name_cause(best: Way, kept: Way) -> str:
    if not kept.payments:
        return "it may miss what pays the proxy"
    if len(best.payments) > len(kept.payments):
        return (
            "the proxy is paid more often than base asks for; let it pay once (`move.clear`, or a"
            " variable), or end the episode"
        )
    return "base pays as much for a way on which the proxy pays less or later"


def name_for_command(trap: Trap) -> str:
    """Return the trap's name for a command line, or ``FILE.py:Name`` for a user's trap."""
    cls = type(trap)
    if cls.name() in package_traps():
        return cls.__name__
    return f"{os.path.relpath(inspect.getfile(cls))}:{cls.__name__}"
