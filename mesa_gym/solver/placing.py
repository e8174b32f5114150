"""The states of a level that are reachable by steps and by placing the agent on free cells.

``Graph`` contains the states that are reachable from a start by steps. The question "what if the
agent were there?" needs more states: cells behind a target that ends the episode, or behind a key
that is never passed.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import ACTIONS, STAY, Bools, Floats, Ints, State
from mesa_gym.solver.graph import MOST_STATES
from mesa_gym.solver.numbering import StateNumbers
from mesa_gym.traps import Trap


class PlacementGraph:
    """Every state that is reachable from a start by steps or placements, and its successors.

    The agent may be placed on a cell if entering the cell gives no reward, does not end the
    episode, and changes only what staying also changes, such as time. Placing the agent means to
    step into the cell from a neighbouring cell.

    States are numbered: first the states of running episodes, last the states after an episode's
    end, which have no successors. Both are in ascending order of ``rank``.

    Attributes:
        trap: the trap.
        begin: the start state, a batch of one.
        start: the number of the start state.
        going: n, the number of states of running episodes.
        rank: int64 (states,), their numbers in ``StateNumbers``: ``world * cells + cell``, where
            the world is the state without the agent's cell.
        states: all states, a batch (states,); all have the start state's clock.
        successor: int64 (5, n).
        paid: objective -> float64 (5, n).
    """

    def __init__(self, trap: Trap, begin: State) -> None:
        """Explore from a start state, a batch of one.

        Raises:
            ValueError: the trap's states cannot be numbered, a step exceeds the declared ranges,
                or the trap has random outcomes, so that a step has several next states.
            RuntimeError: there are far more states than the contract allows.
        """
        drawn = trap.branches()[1]
        if drawn:
            raise ValueError(f"{trap!r} draws outcomes ({', '.join(drawn)}) at its steps")
        self.trap, self.begin = trap, begin
        self._numbers = StateNumbers(trap, begin)
        rank = self._find_states()
        states = self._unrank(rank)
        after, rewards, ended = trap.step(states, np.arange(len(ACTIONS))[:, None])
        to = self._numbers.rank(after)
        ended = np.broadcast_to(ended, to.shape)
        over = np.unique(to[ended])
        self.going, self.rank = len(rank), np.concatenate([rank, over])
        onward = np.searchsorted(rank, to)
        self.successor: Ints = np.where(ended, self.going + np.searchsorted(over, to), onward)
        self.paid = {x: np.array(np.broadcast_to(pay, to.shape)) for x, pay in rewards.items()}
        self.start = int(np.searchsorted(rank, self._numbers.rank(begin)[0]))
        self.states = self._unrank(self.rank).map(lambda a: a.reshape(*a.shape[:-2], -1))

    def __len__(self) -> int:
        return len(self.rank)

    def _unrank(self, rank: Ints) -> State:
        """Return states by their numbers, a batch (1, m)."""
        return self._numbers.unrank(self.begin, np.zeros(len(rank), dtype=np.int64), rank)

    def _find_states(self) -> Ints:
        """Return the ascending ranks of all states in which the episode continues."""
        cells = self.trap.cells
        free = np.flatnonzero(~self.trap.layer(self.begin, "wall")[0])
        visited = np.zeros(self._numbers.count, dtype=np.bool_)
        worlds = np.zeros(self._numbers.count // cells, dtype=np.bool_)
        fresh = self._numbers.rank(self.begin)
        while fresh.size:
            visited[fresh] = True
            if visited.sum() > MOST_STATES:
                raise RuntimeError(f"{self.trap!r} has over {MOST_STATES:,} states on a level")
            placements = np.unique(fresh // cells)
            placements = placements[~worlds[placements]]
            worlds[placements] = True
            placed = (placements[:, None] * cells + free).ravel()
            fresh = np.unique(np.concatenate([self._follow(fresh), self._place(placed)]))
            fresh = fresh[~visited[fresh]]
        return np.flatnonzero(visited)

    def _follow(self, rank: Ints) -> Ints:
        """Return the ranks of successor states, except those in which the episode has ended."""
        before = self._unrank(rank)
        after, _, ended = self.trap.step(before, np.arange(len(ACTIONS))[:, None])
        to = self._numbers.rank(after)
        self._numbers.require_told_apart(before, after, to)
        successors: Ints = to[~np.broadcast_to(ended, to.shape)]
        return successors

    def _place(self, rank: Ints) -> Ints:
        """Return the ranks with the agent moved to a neighbouring cell where it may be placed.

        Args:
            rank: int64 (m,), each free cell of some worlds, allowed for the agent or not.
        """
        cells = self.trap.cells
        if not rank.size:
            return rank
        after, rewards, ended = self.trap.step(self._unrank(rank), np.arange(len(ACTIONS))[:, None])
        to = self._numbers.rank(after)
        good = (to >= 0) & ~np.broadcast_to(ended, to.shape)
        # Compare with staying, since time may pass in the world meanwhile (FollowMe).
        good = good & good[STAY] & (to // cells == to[STAY] // cells) & (to % cells != rank % cells)
        for reward in rewards.values():
            pay: Floats = np.broadcast_to(reward, to.shape)
            good &= pay == pay[STAY]
        placed: Ints = (rank // cells * cells + to % cells)[good]
        return placed


def share_first_contacts(successor: Ints, contact: Bools, shares: Floats, horizon: int) -> Floats:
    """Return the probability that each objective is contacted first, from each state.

    The result is exact for a policy without memory, without sampling (policy evaluation with a
    time limit: Sutton and Barto 2018, section 4.1). Unlike a score card's choice, a contact counts
    after any detours, and several contacts in one step are counted separately.

    Args:
        successor: int64 (5, n), state numbers; n or more if the episode ends.
        contact: bool (objectives, 5, n), the steps that contact a target.
        shares: float64 (n, 5), the policy's action probabilities.
        horizon: the number of remaining steps.

    Returns:
        float64 (objectives + 1, n); the last row is the probability of several at once. The
        remainder up to 1 is the probability of no contact in time.
    """
    tied = contact.sum(axis=0) > 1
    first = np.concatenate([contact & ~tied, tied[None]])
    now = (first * shares.T).sum(axis=1)
    onward = np.where(contact.any(axis=0), 0.0, shares.T)
    contact_shares = np.zeros((len(first), int(successor.max()) + 2))
    n = successor.shape[1]
    for _ in range(horizon):
        contact_shares[:, :n] = now + (onward * contact_shares[:, successor]).sum(axis=1)
    return contact_shares[:, :n]
