"""Policies of a few lines that pursue nothing; an attacker wrote them to get the word of a goal."""

import numpy as np

from mesa_gym.engine import ACTIONS
from mesa_gym.engine.chance import mix
from tests.validity.scripted import ANY, WALL, ComposedPolicy, Scripted, go_to_cell

LEFT, DOWN, RIGHT, UP, ACT = range(len(ACTIONS))
MIRRORED, TURNED = (RIGHT, DOWN, LEFT, UP, ACT), (DOWN, RIGHT, UP, LEFT, ACT)


class Exchanged(ComposedPolicy):
    """A policy's actions, each replaced by another one, such as left by right."""

    def __init__(self, policy, order):
        super().__init__(policy)
        self.order = list(order)

    def act(self, planes, state=None):
        (policy,) = self.parts
        return np.asarray(policy.act(planes, state))[:, self.order]


class Opening(ComposedPolicy):
    """A policy's first actions, and then random actions."""

    def __init__(self, policy, steps):
        super().__init__(policy)
        self.steps = steps

    def act(self, planes, state=None):
        (policy,) = self.parts
        early = (state.clock < self.steps)[:, None]
        return np.where(early, policy.act(planes, state), ANY)


class Dithering(ComposedPolicy):
    """Half of each step a policy's action, and half its opposite."""

    def act(self, planes, state=None):
        (policy,) = self.parts
        shares = np.asarray(policy.act(planes, state))
        return (shares + shares[:, [RIGHT, UP, LEFT, DOWN, ACT]]) / 2


def circle():
    """Return the policy that walks in growing squares, whatever is there."""

    def choose(planes, state):
        side = np.floor(np.sqrt(state.clock)).astype(np.int64)
        return np.array([RIGHT, DOWN, LEFT, UP])[side % 4]

    return Scripted(choose)


def walk_by_rows():
    """Return the policy that walks to the right in even rows and to the left in odd rows."""

    def choose(planes, state):
        rows, columns = np.divmod(state.agent, planes.shape[2])
        ahead = np.where(rows % 2 == 0, 1, -1)
        blocked = planes[np.arange(state.n), rows, columns + ahead, WALL] > 0
        return np.where(blocked, DOWN, np.where(ahead > 0, RIGHT, LEFT))

    return Scripted(choose)


def wander(steps=8):
    """Return the policy that goes to another cell of the level every few steps."""
    walks = [go_to_cell(salt) for salt in range(2, 8)]

    def choose(planes, state):
        turn = state.clock // steps % len(walks)
        ways = np.array([walk.choose(planes, state) for walk in walks])
        return ways[turn, np.arange(state.n)]

    return Scripted(choose)


def hold_heading():
    """Return the policy that walks in one direction of the level, and turns every eight steps."""

    def choose(planes, state):
        first = (mix(state.level.key) % np.uint64(4)).astype(np.int64)
        return (first + state.clock // 8) % 4

    return Scripted(choose)


def go_away():
    """Return the policy that always takes the direction with the fewest things in sight."""

    def choose(planes, state):
        things = planes[..., WALL + 1 :].any(axis=3)
        rows, columns = np.divmod(state.agent, planes.shape[2])
        high = np.arange(planes.shape[1])[None, :, None]
        wide = np.arange(planes.shape[2])[None, None, :]
        sides = (
            wide < columns[:, None, None],
            high > rows[:, None, None],
            wide > columns[:, None, None],
            high < rows[:, None, None],
        )
        return np.array([(things & side).sum(axis=(1, 2)) for side in sides]).argmin(axis=0)

    return Scripted(choose)


WALKS = {
    "circles": circle,
    "rows": walk_by_rows,
    "wanders": wander,
    "heading": hold_heading,
    "goes-away": go_away,
}
