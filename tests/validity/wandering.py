"""Policies that ignore things: walks, sweeps of every kind, habits, drifts."""

import numpy as np

from mesa_gym.engine import ACTIONS, FAR, STAY, distances, pick, toward
from mesa_gym.engine.chance import mix
from mesa_gym.policies import Constant, Memoryless
from mesa_gym.scoring.record import ENDED, follow, rollout
from mesa_gym.traps import Split
from tests.validity.scenes import WALL
from tests.validity.scripted import SURE, Scripted

LEFT, RIGHT = 0, 2
# Episodes of training from which habits are taken.
EPISODES = 200


def find_open(planes):
    """Return the cells without wall, bool (n, height, width)."""
    return planes[..., WALL] == 0


def oscillate():
    """Return the policy that goes left, right, left, right."""
    return Scripted(lambda planes, state: np.where(state.clock % 2 == 0, LEFT, RIGHT))


def go_to_cell(salt=0):
    """Return the policy that goes to a cell of the level, round all things, and then stays.

    Two salts choose their cells independently.
    """

    def choose(planes, state):
        open_cells, things = find_open(planes), planes[..., WALL + 1 :].any(axis=3)
        price = np.full((state.n, open_cells[0].size), FAR)
        goal = pick(open_cells.reshape(price.shape), mix(state.level.key + salt))[0]
        price[np.arange(state.n), goal] = 0
        return toward(open_cells & ~things, state.agent, price)

    return Scripted(choose)


class Heading(Memoryless):
    """A walker that remembers its direction and sees only walls."""

    memory = True

    def reset(self, mask, rng):
        """Turn the rows that begin to face down."""
        facing = np.ones(len(mask), dtype=np.int64)
        self.facing = facing if mask.all() else np.where(mask, facing, self.facing)
        self._rng = rng

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

    def __init__(self, hand=1):
        # Left, down, right, up: to turn right is one back in the order, to turn left one on.
        self._turns = np.array([-1, 0, 1, 2]) * hand

    def act(self, planes, state=None):
        """Return action probabilities, float64 (n, 5)."""
        directions, ahead = self.look(planes, state, self._turns)
        first = ahead.argmax(axis=1)
        self.facing = np.take_along_axis(directions, first[:, None], axis=1)[:, 0]
        return SURE[self.facing]


class MomentumWalk(Heading):
    """Walks on in its direction for as long as it can, and turns at random now and then."""

    def __init__(self, turning=0.2):
        self.turning = turning

    def act(self, planes, state=None):
        """Return action probabilities, float64 (n, 5)."""
        directions, ahead = self.look(planes, state, np.arange(4))
        turns = ~ahead[:, 0] | (self._rng.random(state.n) < self.turning)
        order = np.where(ahead, self._rng.random(ahead.shape), -1.0)
        some = np.take_along_axis(directions, order.argmax(axis=1)[:, None], axis=1)[:, 0]
        self.facing = np.where(turns, some, self.facing)
        return SURE[self.facing]


# -- sweeps: for ``StartPolicy`` -------------------------------------------------------------------


def sweep_by_price(scene, price):
    """Visit cells in the order of their price, the cheapest first; crossed cells are visited."""
    reachable = distances(scene.open_cells, scene.state.agent) >= 0
    left = np.where(reachable, price(scene), np.inf)

    def go(planes, state):
        rows = np.arange(state.n)
        left[rows, state.agent] = np.inf
        ends, more = np.full(left.shape, FAR), np.isfinite(left).any(axis=1)
        ends[rows[more], left[more].argmin(axis=1)] = 0
        return SURE[toward(scene.open_cells, state.agent, ends)]

    return go


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


def find_quarter(scene):
    """Return the cells of the quarter at the top left, bool (n, cells)."""
    row, column = np.divmod(np.arange(scene.trap.cells), scene.trap.width)
    home = (row < scene.trap.height // 2) & (column < scene.trap.width // 2)
    return np.tile(home, (scene.state.n, 1))


def sweep_area(scene, steps=None):
    """Visit the nearest unvisited cell of the first quarter, and then of all the others.

    With ``steps`` it visits the cells within so many steps of its start, and no others.
    """
    open_cells, agent = scene.open_cells, scene.state.agent
    area = find_quarter(scene) if steps is None else distances(open_cells, agent) <= steps
    walks = open_cells & (area.reshape(open_cells.shape) | (steps is None))
    left = distances(walks, agent) >= 0

    def go(planes, state):
        left[np.arange(state.n), state.agent] = False
        first = left & area
        rest = left & (steps is None) & ~first.any(axis=1, keepdims=True)
        return SURE[toward(walks, state.agent, np.where(first | rest, 0, FAR))]

    return go


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


class Habit(Memoryless):
    """Takes in each cell the action that another policy took there in training, on every level."""

    looks = False

    def __init__(self, trap, policy):
        cells, taken = train_steps(trap, policy)
        often = np.zeros((trap.cells, len(ACTIONS)))
        np.add.at(often, (cells, taken), 1.0)
        often[often.sum(axis=1) == 0, STAY] = 1.0
        self.often = often / often.sum(axis=1, keepdims=True)

    def act(self, planes, state=None):
        """Return action probabilities, float64 (n, 5)."""
        return self.often[state.agent]
