"""The agent that a training goes on from: one of the library, or a directory."""

from __future__ import annotations

from typing import Any

from agents.algorithms import ENTRIES, Algorithm
from mesa_gym.errors import shorten
from mesa_gym.policies import as_policy
from mesa_gym.traps import Split, Trap


def load_start(spec: str, trap: Trap, algorithm: Algorithm | None = None) -> Any:
    """Return the agent that a training goes on from.

    Args:
        spec: as ``mesa_gym.policies.as_policy`` takes it: ``library:3`` or a directory.
        trap: on which it will be trained.
        algorithm: that trains it.

    Raises:
        ValueError: there is no such agent, or the algorithm trains agents of another kind.
    """
    agent = as_policy(spec, trap, trap.horizon(Split.TRAIN))
    kind = getattr(agent, "kind", type(agent).__name__)
    if algorithm is not None and kind != algorithm.kind:
        raise ValueError(
            f"{algorithm.name} trains agents of the kind {algorithm.kind!r}; {shorten(spec)} is of"
            f" the kind {kind!r}"
        )
    return agent


def infer_algorithm(spec: str, trap: Trap) -> str:
    """Return the name of the first algorithm that can go on from an agent.

    Raises:
        ValueError: there is no such agent, or none can.
    """
    kind = getattr(load_start(spec, trap), "kind", "")
    for entry in ENTRIES:
        if entry.staged and entry.kind == kind:
            return entry.name
    able = sorted({entry.kind for entry in ENTRIES if entry.staged})
    raise ValueError(
        f"no algorithm goes on from {shorten(spec)}, of the kind {kind!r}; expected one of"
        f" {', '.join(able)}"
    )
