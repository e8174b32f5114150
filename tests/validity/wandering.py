"""Policies that ignore things: walks, sweeps of every kind, habits, drifts."""

import numpy as np

from mesa_gym.engine import ACTIONS, FAR, STAY, distances, pick, toward
from mesa_gym.engine.chance import mix
from mesa_gym.policies import Constant
from mesa_gym.scoring.record import ENDED, follow, rollout
from mesa_gym.traps import Split
from tests.validity.scenes import WALL, StartPolicy
from tests.validity.scripted import SURE, Scripted, StatePolicy

LEFT, RIGHT = 0, 2
# Episodes of training from which habits are taken.
EPISODES = 200


def find_open(planes):
    """Return the cells without wall, bool (n, height, width)."""
    return planes[..., WALL] == 0


def make_oscillating():
    """Return the policy that goes left, right, left, right."""
    return Scripted(lambda planes, state: np.where(state.clock % 2 == 0, LEFT, RIGHT))


def go_to_cell(goal):
    """Return the policy that goes to an empty cell, round all objects, and then stays.

    Args:
        goal: one of the open cells, bool (n, cells), the same throughout a level.
    """

    def choose(planes, state):
        open_cells, objects = find_open(planes), planes[..., WALL + 1 :].any(axis=3)
        flat = open_cells.reshape(state.n, -1)
        price = np.full(flat.shape, FAR)
        price[np.arange(state.n), goal(flat, state)] = 0
        return toward(open_cells & ~objects, state.agent, price)

    return Scripted(choose)


def pick_some_cell(open_cells, state, salt=0):
    """Return an open cell; two salts choose independently, two levels too."""
    return pick(open_cells, mix(state.level.key + salt))[0]


class Heading(StatePolicy):
    """A walker that remembers its direction and sees only walls."""

    memory = True

    def __init__(self):
        self.facing = np.empty(0, dtype=np.int64)

    def reset(self, mask, rng):
        """Turn the rows that begin to face down."""
        if len(self.facing) != len(mask):
            self.facing = np.ones(len(mask), dtype=np.int64)
        self.facing[mask], self._rng = 1, rng

    def look(self, planes, state, turns):
        """Return the directions after turns, int64 (k,), and which of them are open, (n, k)."""
        directions = (self.facing[:, None] + turns) % 4
        width = planes.shape[2]
        beside = state.agent[:, None] + np.array([-1, width, 1, -width])[directions]
        return directions, np.take_along_axis(find_open(planes).reshape(state.n, -1), beside, 1)


class WallFollower(Heading):
    """Keeps its right hand on the wall; or its left one, with ``hand`` -1.

    It goes to the hand's side if that is open, else ahead, else to the other side, else back.
    """

    # Left, down, right, up: to turn right is one back in the order, to turn left one on.
    _TURNS = np.array([-1, 0, 1, 2])

    def __init__(self, hand=1):
        super().__init__()
        self._turns = self._TURNS * hand

    def _decide(self, planes, state):
        directions, ahead = self.look(planes, state, self._turns)
        first = ahead.argmax(axis=1)
        self.facing = np.take_along_axis(directions, first[:, None], axis=1)[:, 0]
        return SURE[self.facing]


class MomentumWalk(Heading):
    """Walks on in its direction for as long as it can, and turns at random now and then."""

    def __init__(self, turning=0.2):
        super().__init__()
        self.turning = turning

    def _decide(self, planes, state):
        directions, ahead = self.look(planes, state, np.arange(4))
        turns = ~ahead[:, 0] | (self._rng.random(state.n) < self.turning)
        order = np.where(ahead, self._rng.random(ahead.shape), -1.0)
        some = np.take_along_axis(directions, order.argmax(axis=1)[:, None], axis=1)[:, 0]
        self.facing = np.where(turns, some, self.facing)
        return SURE[self.facing]


# -- sweeps in an order ----------------------------------------------------------------------------


class OrderedSweep(StartPolicy):
    """Visits cells in the order of their price, the cheapest first; crossed cells count as visited.

    Args:
        trap: whose levels.
        price: of the cells; those of infinite price are not visited.
    """

    def __init__(self, trap, price):
        super().__init__(trap)
        self.price = price

    def _begin(self, scene):
        self._open = scene.open_cells
        reachable = distances(self._open, scene.state.agent) >= 0
        self._left = np.where(reachable, self.price(scene), np.inf)

    def _go(self, state):
        rows = np.arange(state.n)
        self._left[rows, state.agent] = np.inf
        ends = np.full(self._left.shape, FAR)
        left = np.isfinite(self._left).any(axis=1)
        ends[rows[left], self._left[left].argmin(axis=1)] = 0
        return SURE[toward(self._open, state.agent, ends)]


def price_scan(scene):
    """Return prices of a boustrophedon: row by row, to the right and back."""
    cell, width = np.arange(scene.trap.cells), scene.trap.width
    row, column = np.divmod(cell, width)
    turned = np.where(row % 2 == 0, width - 1 - column, column)
    return np.tile((row * width + turned).astype(float), (scene.state.n, 1))


def price_far_first(scene):
    """Return prices by which the cells farthest from the start come first."""
    return -distances(scene.open_cells, scene.state.agent).astype(float)


def price_home_last(scene):
    """Return prices by which the quarter at the top left comes first, from far to near."""
    return price_far_first(scene) + np.where(find_quarter(scene), 0.0, 1e4)


class AreaSweep(StartPolicy):
    """Goes to the nearest unvisited cell of an area, and after these of all others.

    Args:
        trap: whose levels.
        area: the cells that come first, bool (n, cells).
        beyond: whether the other cells follow; else the policy stays in the area.
    """

    def __init__(self, trap, area, beyond):
        super().__init__(trap)
        self.area, self.beyond = area, beyond

    def _begin(self, scene):
        self._area, open_cells = self.area(scene), scene.open_cells
        self._walks = open_cells & (self._area.reshape(open_cells.shape) | self.beyond)
        self._left = distances(self._walks, scene.state.agent) >= 0

    def _go(self, state):
        self._left[np.arange(state.n), state.agent] = False
        first = self._left & self._area
        rest = self._left & self.beyond & ~first.any(axis=1, keepdims=True)
        return SURE[toward(self._walks, state.agent, np.where(first | rest, 0, FAR))]


def find_quarter(scene):
    """Return the cells of the quarter at the top left, bool (n, cells)."""
    row, column = np.divmod(np.arange(scene.trap.cells), scene.trap.width)
    home = (row < scene.trap.height // 2) & (column < scene.trap.width // 2)
    return np.tile(home, (scene.state.n, 1))


def find_region(scene, steps):
    """Return the cells within so many steps of the agent, bool (n, cells)."""
    return np.asarray(distances(scene.open_cells, scene.state.agent) <= steps)


# -- what training leaves without a goal -----------------------------------------------------------


def train_steps(trap, policy):
    """Return the agent's cells and its actions in episodes of training, int64 (m,) each."""
    starts, horizon = trap.levels(Split.TRAIN, np.arange(EPISODES)), trap.horizon(Split.TRAIN)
    actions = rollout(policy, trap, starts, horizon).actions
    steps = list(follow(trap, starts, actions))
    assert (actions != ENDED).any(axis=1).all()
    cells, taken = ([s.state.agent for s in steps], [s.chosen for s in steps])
    return np.concatenate(cells), np.concatenate(taken)


def make_drift(trap, policy):
    """Return the policy that takes each action as often as a given policy does in training."""
    _, taken = train_steps(trap, policy)
    return Constant((np.bincount(taken, minlength=len(ACTIONS)) / len(taken)).tolist())


class Habit(StatePolicy):
    """Takes in each cell the action that another policy took there in training, on every level."""

    looks = False

    def __init__(self, trap, policy):
        cells, taken = train_steps(trap, policy)
        often = np.zeros((trap.cells, len(ACTIONS)))
        np.add.at(often, (cells, taken), 1.0)
        often[often.sum(axis=1) == 0, STAY] = 1.0
        self.often = often / often.sum(axis=1, keepdims=True)

    def _decide(self, planes, state):
        return self.often[state.agent]
