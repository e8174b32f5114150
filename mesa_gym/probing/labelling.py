"""Labels of states by the solver for probes, and episodes of oracles for prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mesa_gym.engine import ACTIONS, Bools, Floats, Ints, State, distances
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import shorten
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.policies.names import name_policy
from mesa_gym.scoring.record import Actions, follow, rollout
from mesa_gym.solver import Solution, TimeLeft, actions_in, share_solution, solutions, targets
from mesa_gym.solver.values import require_solver
from mesa_gym.traps import Split, Trap, as_trap


class Labels(NamedTuple):
    """The s states of some episodes, ordered by level and step, and their labels.

    ``state.clock`` is the time of each state. Values and optimal actions are exact for the
    remaining time; cells are ``row * width + column``.

    Attributes:
        state: the states before each step; ``trap.observe(state)`` returns their planes.
        row: int64 (s,), the index of each state's level in ``numbers``.
        action: int64 (s,), the policy's action in each state.
        values: objective -> float64 (s,), the largest remaining return, discounted from the state
            (its expectation, if outcomes are random).
        optimal: objective -> bool (s, 5), the actions that begin an episode with this return.
        targets: objective -> bool (s, cells), the cells that pay it (``solver.targets``).
        distances: int64 (s, cells), steps from the agent over cells without a wall, -1 without a
            path; ``distances[targets[x]]`` are the distances to the targets of x.
    """

    state: State
    row: Ints
    action: Ints
    values: dict[str, Floats]
    optimal: dict[str, Bools]
    targets: dict[str, Bools]
    distances: Ints


def labels(
    trap: Trap | str,
    split: Split | str,
    numbers: ArrayLike,
    policy: object = "oracle:base",
    seed: int = 0,
) -> Labels:
    """Return the solver's labels of the states that a policy visits, as arrays for a probe.

    The policy plays the same episodes as in scoring: its actions depend only on seed, policy,
    level and step.

    Args:
        trap: a trap with an exact solver, or its name.
        split: the split of the levels.
        numbers: integers (n,), level numbers; at least one.
        policy: any policy that ``score`` accepts; by default the base objective's oracle.
        seed: the seed of the sampling of actions.

    Raises:
        PolicyError: the policy raised an error, or did not return actions or probabilities.
        ValueError: the trap has no exact solver, or a level, split or policy does not exist.

    Example:
        >>> import mesa_gym
        >>> found = mesa_gym.labels("CheeseCorner", "train", range(3))
        >>> sorted(found.values)
        ['cheese', 'corner']
    """
    trap = as_trap(trap)
    require_solver(trap, "choose a trap that `mesa-gym certify` accepts")
    split = Split.of(split)
    starts, horizon = trap.levels(split, numbers), trap.horizon(split)
    if not starts.n:
        raise ValueError(
            f"numbers {shorten(numbers)} name no level; expected one or more, such as range(100)"
        )
    acting, parts = as_policy(policy, trap, horizon), []
    for chunk, solution in solutions(trap, starts, horizon):
        with share_solution(solution):
            done = rollout(
                acting, trap, solution.starts, horizon, seed, name_policy(policy), split.value
            )
        parts.append(_label_states(solution, done.actions, chunk.start))
    return Labels(
        trap.joined([part.state for part in parts]), *map(_join_arrays, *(p[1:] for p in parts))
    )


def _label_states(solution: Solution, actions: Actions, first: int) -> Labels:
    """Return the labels of the recorded episodes, whose rows are numbered from ``first``."""
    trap, graph = solution.trap, solution.graph
    visited = graph.follow(actions).T
    level, step = (visited >= 0).nonzero()
    number = visited[level, step].astype(np.int64)
    states = graph.numbers.unrank(solution.starts, level, graph.rank[number])  # (1, s)
    state = states.map(lambda array: array[..., 0, :])._replace(clock=step)
    anywhen = TimeLeft(graph, solution.horizon)
    open_cells = ~trap.layer(state, "wall").reshape(-1, *trap.size)
    return Labels(
        state,
        first + level,
        actions[level, step].astype(np.int64),
        values={x: anywhen.values(x)[solution.horizon - step, number] for x in trap.objectives},
        optimal={x: _list_optimal(solution, x, step, number) for x in trap.objectives},
        targets=targets(trap, state),
        distances=distances(open_cells, state.agent),
    )


def _list_optimal(solution: Solution, objective: str, step: Ints, number: Ints) -> Bools:
    """Return the optimal actions of states, bool (s, 5), given their ``step`` and graph number."""
    sets = solution.optimal(objective)
    first = np.cumsum([0, *map(len, sets)])
    return actions_in(np.concatenate(sets)[first[step] + number])


def _join_arrays(*parts: Any) -> Any:
    """Concatenate arrays, or dicts of arrays, along the first axis."""
    if isinstance(parts[0], dict):
        return {x: np.concatenate([part[x] for part in parts]) for x in parts[0]}
    return np.concatenate(parts)


def demonstrations(trap: Trap | str, levels: Sequence[int]) -> list[str]:
    """Return episodes of the base objective's oracle on training levels, as examples for a prompt.

    Args:
        trap: a trap, or its name.
        levels: level numbers of ``train``.

    Returns:
        A text for each level. It contains for each step the observation "text", a line
        ``action: <name>`` and an empty line.
    """
    trap = as_trap(trap)
    observe_text = make_observation(trap, "text")
    horizon, starts = trap.horizon(Split.TRAIN), trap.levels(Split.TRAIN, levels)
    oracle = as_policy(name_pursuer(trap, trap.base), trap, horizon)
    actions = rollout(oracle, trap, starts, horizon).actions
    steps: list[list[str]] = [[] for _ in levels]
    for step in follow(trap, starts, actions):
        for row, text, action in zip(
            step.rows, observe_text.encode(step.state), step.chosen, strict=True
        ):
            steps[row].append(f"{text}\naction: {ACTIONS[action]}\n")
    return ["\n".join(lines) for lines in steps]
