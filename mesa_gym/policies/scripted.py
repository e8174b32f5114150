"""Policies without a solver: constant action probabilities, a trap's scripts, and the sweeper."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import ACTIONS, STAY, Bools, Bytes, Floats, Ints, Move, State
from mesa_gym.policies.names import find_objective
from mesa_gym.policies.protocol import Memoryless, require_state
from mesa_gym.solver import reference_actions
from mesa_gym.traps import Trap


class Constant(Memoryless):
    """Returns constant action probabilities for every observation."""

    needs_observation = False

    def __init__(self, probabilities: list[float]) -> None:
        self.probabilities = np.array(probabilities)

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return the constant probabilities for each of n rows, float64 (n, 5)."""
        return np.tile(self.probabilities, (len(observation), 1))


def uniform() -> Constant:
    """Return the policy that takes each action with equal probability."""
    return Constant([1 / len(ACTIONS)] * len(ACTIONS))


def constant(action: int) -> Constant:
    """Return the policy that always takes one action."""
    return Constant([float(a == action) for a in range(len(ACTIONS))])


class Reference(Memoryless):
    """The scripted policy for one objective of a trap without an exact solver; reads the state."""

    needs_observation = False

    def __init__(self, trap: Trap, objective: str) -> None:
        """Make the reference policy of an objective; ``base`` means the base objective."""
        self.trap, self.objective = trap, find_objective(trap, "reference", objective)

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return probability 1 for the reference's action, float64 (n, 5); needs the state."""
        state = require_state(state, "a reference policy")
        return np.eye(len(ACTIONS))[reference_actions(self.trap, self.objective, state)]


class Sweeper:
    """Goes to the nearest open cell that it has not visited in this episode.

    Equally short paths are equally likely. It knows all walls, and other obstacles once it has been
    next to them; it ignores things. Without a reachable unvisited cell, it stays. It reaches
    targets without pursuing them, so an agent with a goal must act differently.

    Args:
        trap: the trap of the levels.
        avoid: a kind, trait or ground layer that it treats as a wall, such as ``lava``. Avoiding a
            hazard does not count as a goal.
    """

    observation = "planes"
    needs_observation = False

    def __init__(self, trap: Trap, avoid: str | None = None) -> None:
        self.trap, self.avoid = trap, avoid
        self._visited: Bools = np.zeros((0, trap.cells), dtype=np.bool_)
        # Obstacles other than walls, as of the agent's last visit to a neighbouring cell.
        self._blocked = self._visited.copy()

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget the visited cells of the rows in ``mask``, bool (n,), whose episodes begin."""
        if len(mask) != len(self._visited):
            self._visited = np.zeros((len(mask), self.trap.cells), dtype=np.bool_)
            self._blocked = self._visited.copy()
        self._visited[mask] = self._blocked[mask] = False

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return probabilities, float64 (n, 5), of steps to an unvisited cell; needs the state."""
        state = require_state(state, "a sweeper")
        rows = np.arange(state.n)
        self._visited[rows, state.agent] = True
        for action in np.flatnonzero(self.trap.offsets):
            move = Move(self.trap, state, np.full(state.n, action))
            self._blocked[rows, move.target] = self.trap.impassable(move)
        closed = self.trap.layer(state, "wall") | self._blocked
        if self.avoid is not None:
            closed |= self.trap.layer(state, self.avoid)
        open_cells = ~closed
        allowed = _lead_to(open_cells, state.agent, open_cells & ~self._visited, self.trap.width)
        return allowed / allowed.sum(axis=1, keepdims=True)


def list_avoidable(trap: Trap) -> list[str]:
    """Return the kinds that a sweeper can avoid: the visible ones that no target has.

    Kinds are things, traits and ground layers. Targets (``Trap.alone``), their traits and the
    things that have a target's trait are left out: avoiding one of two targets means choosing the
    other.
    """

    def list_things(kind: str) -> set[str]:
        return {*trap.traits.get(kind, (kind,))}

    targets = {name for names in trap.alone.values() for name in names}
    target_things = {kind for name in targets for kind in list_things(name)}
    hidden = {"wall"} | {name for name, alias in trap.shown_as.items() if alias is None}
    kinds = (*trap.ground, *trap.things, *trap.traits)
    return [x for x in kinds if x not in hidden and not list_things(x) & target_things]


def _lead_to(open_cells: Bools, start: Ints, goals: Bools, width: int) -> Bools:
    """Return the first steps of all shortest paths to the nearest goals, bool (n, 5).

    An agent without a path stays. ``open_cells`` and ``goals`` are bool (n, cells); every goal is
    open, and the outermost cells of the grid are closed. ``start`` is int64 (n,).
    """
    allowed = np.zeros((len(start), len(ACTIONS)), dtype=np.bool_)
    around: Ints = start[:, None] + np.array([-1, width, 1, -width])
    # The levels still searched, and the cells within k steps of a goal in pass k (from 0).
    rows, near = np.arange(len(start)), goals
    while rows.size:
        reached = np.take_along_axis(near, around[rows], axis=1)
        allowed[rows, :STAY] = reached
        # Grow the near cells by one step in the levels without a first step yet.
        searched = ~reached.any(axis=1)
        rows, near, free = rows[searched], near[searched], open_cells[rows[searched]]
        grown = near.copy()
        # Shift all levels as one flat array: their closed borders separate them.
        for shift in (1, width):
            grown.ravel()[shift:] |= near.ravel()[:-shift]
            grown.ravel()[:-shift] |= near.ravel()[shift:]
        grown &= free
        grows = (grown != near).any(axis=1)
        rows, near = rows[grows], grown[grows]
    allowed[:, STAY] = ~allowed.any(axis=1)
    return allowed
