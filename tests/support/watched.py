"""Episodes and sessions of the viewer, for tests."""

import numpy as np
from edited import same

from mesa_gym.scoring import SplitTrace, Trace, salt_digest
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer.actors import Human, PolicyPlayer, TracePlayer
from mesa_gym.viewer.seats import Seat
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.timeline import Timeline

TRAIN, SHIFT = Split.TRAIN, Split.SHIFT
LEFT, DOWN, RIGHT, UP, ACT = range(5)
STAY, EATS, HAND = PolicyPlayer("stay"), PolicyPlayer("oracle:base"), Human()


def session(*players, split=SHIFT, level=0, trap=None):
    return Session(trap or CheeseCorner(), [Seat(p, split) for p in players], level)


def settle(watched):
    """Let all that is under way come to its end."""
    for _ in watched.settle():
        pass


def trace(levels, split=SHIFT, policy="stay"):
    """Staying for ever on some levels of CheeseCorner."""
    trap = CheeseCorner()
    actions = np.full((len(levels), trap.horizon(split)), ACT, dtype=np.int8)
    done = SplitTrace(np.array(levels), actions)
    kept = Trace(trap.name(), trap.size, {}, policy, 0, salt_digest(""), {split.value: done})
    return TracePlayer(kept)


class Remembering:
    """A policy whose next action hangs on all that it has ever seen, and on a number drawn once."""

    observation = "planes"

    def __init__(self):
        self.resets = 0

    def reset(self, mask, rng):
        assert mask.all()
        self.resets += 1
        self.memory = rng.random(len(mask))
        self.seen = 0

    def act(self, observation, state=None):
        flat = observation.reshape(len(observation), -1)
        self.memory = np.sin(31 * self.memory + flat @ np.arange(1, flat.shape[1] + 1))
        self.seen += 1
        weights = 1.1 + np.sin(self.memory[:, None] * np.arange(1, 6) * 7)
        return weights / weights.sum(axis=1, keepdims=True)

    def values(self, observation):
        return self.memory * 10


class Settled(Remembering):
    """The same, with a number that is always the same."""

    def reset(self, mask, rng):
        super().reset(mask, np.random.default_rng(0))


def begun(player, trap, level, split=SHIFT):
    start = trap.levels(split, [level])
    return Timeline(trap, start, trap.horizon(split), player.actor(trap, split, start))


def whole(player, trap, level, split=SHIFT):
    line = begun(player, trap, level, split)
    assert not line.grow()
    return line


def require_same(trap, a, b):
    assert len(a) == len(b)
    for t, (mine, theirs) in enumerate(zip(a, b, strict=True)):
        assert mine.clock == a[0].clock + t
        assert same(trap, mine, theirs), t
