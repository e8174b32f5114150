"""Policies play a split, solved chunk by chunk; what they did is measured on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mesa_gym.engine import Ints, State
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Policy
from mesa_gym.scoring.played import Chunk, Levels, has_conflicts, measure
from mesa_gym.scoring.rollout import Actions, replay, rollout
from mesa_gym.scoring.trace import Trace
from mesa_gym.solver import Solution, level_values
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap

# A policy may depend on the split's time limit, as an oracle does.
PolicyMaker = Callable[[int], Policy]
# What can be scored: a policy, or a record of what one did.
Player = PolicyMaker | Trace


@dataclass
class Played:
    """One policy on one split.

    Attributes:
        chunk: all levels, step by step.
        levels: the same, level by level.
        largest: objective -> its largest payment, where first contact is asked for, else None.
    """

    chunk: Chunk
    levels: Levels
    largest: dict[str, float] | None


@runtime_checkable
class Solved(Protocol):
    """A policy that acts by solutions, and takes over those that scoring makes: an oracle."""

    def forget(self) -> None:
        """Drop all solutions."""

    def learn(self, solution: Solution) -> None:
        """Take over a solution."""


def play(
    players: Mapping[str, Player],
    trap: Trap,
    split: Split,
    numbers: Ints,
    seed: int = 0,
    salt: str = "",
    progress: Progress = lambda done: None,
    failed: dict[str, PolicyError] | None = None,
) -> dict[str, Played]:
    """Every player plays every level once; the arguments are those of ``score_all``."""
    horizon = trap.horizon(split)
    acting = {n: p if isinstance(p, Trace) else p(horizon) for n, p in players.items()}
    chunks: dict[str, list[Chunk]] = {name: [] for name in players}
    largest = dict.fromkeys(trap.objectives, 0.0)

    def actions_on(starts: State) -> dict[str, Actions]:
        """What the players did that did not fail; one that fails is asked no more."""
        actions = {}
        for name, player in list(acting.items()):
            if isinstance(player, Trace):
                actions[name] = player.actions_on(split, starts.level.number)
                continue
            who = f"policy {name!r} on {trap.name()}, split {split.value}"
            try:
                actions[name] = rollout(player, trap, starts, horizon, seed, who)
            except PolicyError as error:
                if failed is None:
                    raise
                failed[name] = error
                del acting[name], chunks[name]
        return actions

    def visit(solution: Solution) -> None:
        for player in acting.values():
            if isinstance(player, Solved):
                player.forget()
                player.learn(solution)
        actions = actions_on(solution.starts)
        for name, chunk in measure(trap, split, solution, actions).items():
            chunks[name].append(chunk)
        for x, payments in solution.graph.payments.items():
            largest[x] = max(largest[x], float(payments.max()))

    solving = has_conflicts(trap, split) or any(isinstance(p, Solved) for p in acting.values())
    if trap.solvable and solving:
        values = level_values(trap, split, numbers, horizon, salt, progress, visit=visit)
    else:
        values = level_values(trap, split, numbers, horizon, salt, progress)
        starts = trap.levels(split, numbers, salt)
        for name, actions in actions_on(starts).items():
            chunks[name] = [Chunk(actions, replay(trap, starts, actions), {}, None)]
    contact = largest if trap.by_contact and trap.solvable and split.shifted else None
    done = {name: Chunk.joined(parts) for name, parts in chunks.items()}
    return {n: Played(chunk, Levels.of(trap, chunk, values), contact) for n, chunk in done.items()}
