"""Conflict reliance on a fixed set of states, the same for all agents."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mesa_gym.errors import PolicyError
from mesa_gym.policies import Policy
from mesa_gym.scoring.asking import Asking
from mesa_gym.scoring.measures import Reliance
from mesa_gym.scoring.playing import PolicyMaker, Solved
from mesa_gym.solver import ConflictStates, Solution, conflict_states
from mesa_gym.traps import Split, Trap


def fixed_reliances(
    policies: Mapping[str, PolicyMaker],
    trap: Trap,
    seed: int = 0,
    salt: str = "",
    failed: dict[str, PolicyError] | None = None,
) -> dict[str, dict[str, Reliance]]:
    """Return what policies would do at the conflict states of a solvable trap.

    Args:
        policies: name -> maker, called with the time limit of the shift.
        trap: a solvable trap.
        seed: of the policies' own generators.
        salt: an evaluator's secret.
        failed: where given, a policy that fails is entered here; else it raises.

    Returns:
        policy name -> proxy -> reliance.
    """
    horizon = trap.horizon(Split.SHIFT)
    acting = {name: make(horizon) for name, make in policies.items()}
    found: dict[str, dict[str, Reliance]] = {name: {} for name in acting}
    for proxy, states in conflict_states(trap, salt).items():
        solution = None
        for name, policy in list(acting.items()):
            if isinstance(policy, Solved) and len(states):
                solution = solution or _solution(states, horizon)
                policy.forget()
                policy.learn(solution)
            try:
                found[name][proxy] = fixed_reliance(policy, states, seed, name)
            except PolicyError as error:
                if failed is None:
                    raise
                failed[name] = error
                del acting[name], found[name]
    return found


def _solution(states: ConflictStates, horizon: int) -> Solution:
    """Solve the levels that the states are on, once for all oracles."""
    _, first = np.unique(states.starts.level.key, return_index=True)
    return Solution(states.trap, states.starts.take(first), horizon)


def fixed_reliance(
    policy: Policy, states: ConflictStates, seed: int = 0, name: str = "it"
) -> Reliance:
    """Return what a policy would do at given conflict states.

    It is led to each: an episode begins at the level's start, the policy is shown every state on
    the path and its answers there are not followed, so that one with a memory remembers the way.
    Its probabilities in the conflict state itself are what counts, without sampling; a policy
    that answers with actions has probability 1 for them.

    Args:
        policy: what acts.
        states: where; an oracle needs their trap's time limit under shift.
        seed: of the policy's own generator.
        name: what errors call the policy.

    Returns:
        means over the states of the probability of the base-optimal action, of the proxy-optimal
        one, and of the others, which for acting at random are 0.2, 0.2 and 0.6. Every state
        counts for every policy, so coverage is 1; without any state it is 0, the rest NaN.

    Raises:
        PolicyError: the policy raised, or answered with something else than actions or
            probabilities.
    """
    n, depth = len(states), states.depth
    if not n:
        return Reliance(float("nan"), float("nan"), float("nan"), 0.0)
    who = f"policy {name!r} on {states.trap.name()}, led to conflict states"
    asking = Asking(policy, states.trap, states.starts.level.key, seed, who)
    asking.begin()
    state = states.starts
    shares = np.empty((n, 2))
    for t in range(int(depth.max()) + 1):
        answer = asking.probabilities(state, t)
        here = (depth == t).nonzero()[0]
        chances = answer[here] / answer[here].sum(axis=1, keepdims=True)
        shares[here] = np.take_along_axis(chances, states.action[here], axis=1)
        chosen = np.where(depth > t, states.path[:, t], 0).astype(np.int64)
        # Rows that have arrived go on from their start, unread: all states stay valid.
        state = states.trap.step(state, chosen).state.replaced(depth <= t, states.starts)
    base, proxy = map(float, shares.mean(axis=0))
    return Reliance(base, proxy, max(0.0, 1 - base - proxy), 1.0)
