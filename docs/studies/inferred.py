"""Inverse reinforcement learning on the solver's graph: which utility explains an agent?

    python -m docs.studies.inferred TRAP KIND [KIND ...]

fits a utility to a play of 30 levels of the shift, or of training, by maximum a posteriori, and
says by how many nats a decision it foretells other levels of the shift. Kinds are those of the
library, ``reactive`` for the reactive network, or a reference policy such as ``sweeper``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from agents.compiling import jax, jnp, optax
from mesa_gym.policies import Policy, as_policy
from mesa_gym.scoring.rollout import rollout
from mesa_gym.solver import Prospects, Solution
from mesa_gym.trained.library import load
from mesa_gym.traps import Trap, find_trap

LEVELS, SEEDS, SWEEPS, STEPS = 30, 5, 60, 400
DISCOUNT, LAPSE = 0.95, 0.05
# How far weights of declared objectives, and of other events, lie from 0 beforehand.
DECLARED, OTHER = 8.0, 1.0
SCALES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0)
UNIFORM = float(np.log(5))
REFERENCES = ("sweeper", "drift", "random")
Array = jax.Array


class Plays:
    """Levels, their states, and the events that an action makes; play ends with a contact."""

    def __init__(self, trap: Trap, split: str, first: int) -> None:
        self.trap, self.horizon = trap, trap.horizon(split)  # type: ignore[arg-type]
        self.starts = trap.levels(split, np.arange(first, first + LEVELS))
        self.prospects = Prospects(Solution(trap, self.starts, self.horizon))
        self.contact: Any = self.prospects.contact.any(axis=0)
        graph, self.planes = self.prospects.solution.graph, trap.observe(self.prospects.states)
        self.next = jnp.asarray(np.where(self.contact, len(graph), graph.successor))
        self.events = jnp.asarray(np.stack([self._list_events(i) for i in range(5)]), jnp.float32)

    def _list_events(self, action: int) -> Any:
        """Return payments, planes entered, edges and corners entered, and the action itself."""
        trap, states, count = self.trap, self.prospects.states, len(self.planes)
        after = trap.step(states, np.full(count, action))
        cell = after.state.agent
        moved = np.not_equal(cell, states.agent).reshape(-1, 1)
        row, column = np.divmod(cell, trap.width)
        entered = self.planes[np.arange(count), row, column] * moved
        paid = [np.broadcast_to(each, count) > 0 for each in after.paid.values()]
        rows, columns = (row == 1, row == trap.height - 2), (column == 1, column == trap.width - 2)
        corners = [one & other for one in rows for other in columns]
        places = np.stack([*rows, *columns, *corners], axis=1) & moved
        habit = np.tile(np.eye(5)[action], (count, 1))
        return np.concatenate([np.stack(paid, axis=1), entered, places, habit], axis=1)

    def watch(self, policy: Policy) -> tuple[Any, Any]:
        """Return the states and actions of a play of each level, up to the first contact."""
        record = rollout(policy, self.trap, self.starts, self.horizon, 0)
        visited, states, actions = self.prospects.solution.graph.follow(record.actions), [], []
        for level, taken in enumerate(record.actions):
            for number, action in zip(visited[:, level], taken, strict=True):
                if number < 0:
                    break
                states.append(number)
                actions.append(action)
                if self.contact[action, number]:
                    break
        return np.array(states), np.array(actions)

    def share_first(self, shares: Any) -> list[float]:
        """Return how likely each objective is contacted first, of shares (states, 5)."""
        found = self.prospects.share_first(shares / shares.sum(axis=1, keepdims=True))
        return found.mean(axis=1).round(2).tolist()


@jax.jit
def plan(weights: Array, events: Array, after: Array) -> Array:
    """Return logarithms of a soft planner's probabilities, (5, states)."""
    paid = events @ weights

    def look(values: Array) -> Array:
        return paid + DISCOUNT * jnp.append(values, 0)[after]

    def sweep(values: Array, _: None) -> tuple[Array, None]:
        return jax.nn.logsumexp(look(values), axis=0) - UNIFORM, None

    values = jax.lax.scan(sweep, jnp.zeros(events.shape[1]), None, length=SWEEPS)[0]
    return jnp.log((1 - LAPSE) * jax.nn.softmax(look(values), axis=0) + LAPSE / 5)


def foretell(weights: Array, plays: Plays, states: Any, actions: Any) -> float:
    """Return nats a decision."""
    return -float(plan(weights, plays.events, plays.next)[actions, states].mean())


def infer(plays: Plays, states: Any, actions: Any) -> Array:
    """Return the weights of events that explain actions best."""
    count, declared = plays.events.shape[2], len(plays.trap.objectives)
    spread = jnp.where(jnp.arange(count) < declared, DECLARED, OTHER)
    adam = optax.adam(optax.cosine_decay_schedule(0.3, STEPS))

    def lose(weights: Array) -> Array:
        likely = plan(weights, plays.events, plays.next)[actions, states]
        return jnp.square(weights / spread).sum() / 2 - likely.sum()

    @jax.jit
    def descend(weights: Array) -> Array:
        def step(now: Any, _: None) -> Any:
            weights, state = now
            moves, state = adam.update(jax.grad(lose)(weights), state)
            return (optax.apply_updates(weights, moves), state), None

        return jax.lax.scan(step, (weights, adam.init(weights)), None, length=STEPS)[0][0]

    found: Array = descend(jnp.zeros(count))
    return found


def choose_word(plays: Plays, states: Any, actions: Any) -> Array:
    """Return the weights of one objective, or of all alike, at the scale that explains best."""
    count, declared = plays.events.shape[2], range(len(plays.trap.objectives))
    groups = [*([i] for i in declared), [*declared]]
    tried = [
        jnp.zeros(count).at[jnp.array(group)].set(scale) for group in groups for scale in SCALES
    ]
    return min(tried, key=lambda weights: foretell(weights, plays, states, actions))


def main() -> None:
    """Print a line an agent."""
    trap = find_trap(sys.argv[1])()
    trained, shown, other = (
        Plays(trap, split, first)
        for split, first in (("train", 0), ("shift", 0), ("shift", LEVELS))
    )
    for kind in sys.argv[2:]:
        for seed in range(1 if kind in REFERENCES else SEEDS):
            own, takes = 0.0, None
            if kind in REFERENCES:
                policy = as_policy(kind, trap, other.horizon)
                watched = other.watch(policy)
            else:
                policy = load(trap, seed, kind=kind.replace("reactive", ""))
                watched, shares = other.watch(policy), np.asarray(policy.act(other.planes), float)
                logs = np.log(np.maximum(shares, 1e-12))
                own = -float((shares * logs).sum(axis=1)[watched[0]].mean())
                takes = other.share_first(shares)
            found = {
                "word": choose_word(shown, *shown.watch(policy)),
                "all": infer(shown, *shown.watch(policy)),
                "train": infer(trained, *trained.watch(policy)),
            }
            facts: dict[str, Any] = {"trap": sys.argv[1], "kind": kind, "seed": seed, "own": own}
            facts["takes"] = takes
            for name, weights in found.items():
                nats = foretell(weights, other, *watched)
                shares = np.exp(np.asarray(plan(weights, other.events, other.next), float)).T
                explained = (UNIFORM - nats) / (UNIFORM - own)
                facts[name] = [round(nats, 3), round(explained, 2), other.share_first(shares)]
            print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
