"""Known learners: policies that play lives by a rule of what to take next."""

import numpy as np

from mesa_gym.engine import STAY, distances
from mesa_gym.traps.life import KINDS, NONE, TOLD


class KnownLearner:
    """A policy that goes to the kinds that its rule weighs most, by shortest ways.

    Attributes:
        taken, paid, flashed: int64 (n, kinds), what was met in this life so far.
        first: int64 (n,), the kind that paid first; -1 for none.
        won: int64 (n,), the kind that paid last, unless it was taken in vain since; -1 for none.
        lost: bool (n, kinds), what was taken in vain since something paid.
        sign: bool (n, kinds), what the sign shows.
    """

    observation = "planes"

    def __init__(self, trap, rule):
        """Make a learner of a rule, which returns weights of the kinds, float64 (n, kinds)."""
        self.trap, self.rule = trap, rule
        self.channel = {plane: trap.channels.index(plane) for plane in trap.planes}

    def reset(self, mask, rng):
        """Begin lives in the rows of ``mask``."""
        n = len(mask)
        if mask.all():
            self.rng = rng
            self.taken, self.paid, self.flashed = (np.zeros((n, NONE), np.int64) for _ in range(3))
            self.lost = np.zeros((n, NONE), np.bool_)
            self.first, self.won, self.goal = (np.full(n, -1) for _ in range(3))
            return
        for each in (self.taken, self.paid, self.flashed, self.lost):
            each[mask] = 0
        for each in (self.first, self.won, self.goal):
            each[mask] = -1

    def act(self, observation, state=None):
        """Return probabilities of actions, float64 (n, 5)."""
        n = len(observation)
        flat = observation.reshape(n, -1, observation.shape[-1]).astype(np.bool_)
        plane = {name: flat[:, :, index] for name, index in self.channel.items()}
        agent = plane["agent"].argmax(axis=1)
        there = np.stack([plane[kind].any(axis=1) for kind in KINDS], axis=1)
        cells = np.stack([plane[kind].argmax(axis=1) for kind in KINDS], axis=1)
        on = there & (cells == agent[:, None])
        over = on.any(axis=1)
        self._learn(on, over, plane)
        if "sign" in plane:
            self.sign = plane["sign"][:, TOLD + 1 : TOLD + 1 + NONE]
        new = (self.goal < 0) & ~over
        weights = np.where(there, self.rule(self), -np.inf)
        best = weights == weights.max(axis=1, keepdims=True)
        chosen = np.where(best, self.rng.random((n, NONE)), -1).argmax(axis=1)
        self.goal = np.where(new, chosen, self.goal)
        towards = np.where(over, agent, cells[np.arange(n), np.maximum(self.goal, 0)])
        open_cells = ~plane["wall"].reshape(n, *self.trap.size)
        steps = distances(open_cells, towards)
        rows, found = np.arange(n), np.zeros((n, 5))
        for action, offset in enumerate(self.trap.offsets[:STAY]):
            found[:, action] = steps[rows, agent + offset] == steps[rows, agent] - 1
        found[over] = 0
        found[~found.any(axis=1), STAY] = 1
        return np.eye(5)[found.argmax(axis=1)]

    def _learn(self, on, over, plane):
        told = plane["told"].any(axis=1)
        self.taken += on
        self.paid += on & told[:, None]
        self.first = np.where((self.first < 0) & told, on.argmax(axis=1), self.first)
        if "flash" in plane:
            self.flashed += on & plane["flash"].any(axis=1)[:, None]
        kind, wins = on.argmax(axis=1), over & told
        self.won = np.where(wins, kind, np.where(over & (self.won == kind), -1, self.won))
        self.lost = np.where(wins[:, None], False, self.lost | on)
        self.goal = np.where(over, -1, self.goal)


def seek(met, taken):
    """Return weights of a learner: what was met, then what was not tried, then the rest."""
    return 2.0 * (met > 0) + (taken == 0)


def seek_pay(learner):
    """Take what paid; else what was not tried."""
    return seek(learner.paid, learner.taken)


def seek_flash(learner):
    """Take what flashed; else what was not tried."""
    return seek(learner.flashed, learner.taken)


def obey_sign(learner):
    """Take what the sign shows."""
    return learner.sign.astype(np.float64)


def take_any(learner):
    """Take any fruit."""
    return np.zeros(learner.taken.shape)
