"""Parts of policies of known goal: scenes of start states, combinations, seeking, walks."""

from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b

import numpy as np

from mesa_gym.engine import ACTIONS, FAR, STAY, State, distances, pick, toward
from mesa_gym.engine.chance import mix, streams, unit
from mesa_gym.policies import Constant, Memoryless, Oracle
from mesa_gym.scoring.record import ENDED, follow, rollout
from mesa_gym.solver import targets
from mesa_gym.traps import Split, Trap

SURE = np.eye(len(ACTIONS))
STAYING = SURE[STAY]
ANY = np.full(len(ACTIONS), 1 / len(ACTIONS))


class Scripted(Memoryless):
    """A policy that takes the actions, int64 (n,), of ``choose(planes, state)`` for sure."""

    def __init__(self, choose):
        self.choose = choose

    def act(self, planes, state=None):
        return SURE[self.choose(planes, state)]


class ComposedPolicy(Memoryless):
    """A policy that is made of others, which act on planes and answer with probabilities."""

    def __init__(self, *parts):
        self.parts = parts
        # Levels are solved once for all oracles while they are scored.
        self.solves = any(getattr(part, "solves", False) for part in parts)
        self.needs_observation = any(getattr(part, "needs_observation", True) for part in parts)
        self.memory = any(getattr(part, "memory", True) for part in parts)

    def reset(self, mask, rng):
        for part in self.parts:
            part.reset(mask, rng)


class Noisy(ComposedPolicy):
    """A policy with a share ``epsilon`` of noise, which may be a function of the time, int64 (n,).

    The noise is any action, or ``instead``: action probabilities (5,) or a policy.
    """

    def __init__(self, policy, instead=ANY, *, epsilon):
        super().__init__(policy, *([instead] if hasattr(instead, "act") else []))
        self.epsilon, self.instead = epsilon, instead

    def act(self, planes, state=None):
        share = self.epsilon
        if callable(share):
            share = share(state.clock)[:, None]
        first, *rest = (part.act(planes, state) for part in self.parts)
        return (1 - share) * first + share * (rest[0] if rest else self.instead)


def noisy_oracle(trap):
    """Return the base oracle with 5% of noise, as an example of ``--policy module:factory``."""
    return Noisy(Oracle(trap, trap.base, trap.horizon(Split.TEST)), epsilon=0.05)


class Chooser(ComposedPolicy):
    """One of its parts in each state, which ``choose(state)`` numbers, int64 (n,)."""

    def __init__(self, *parts, choose):
        super().__init__(*parts)
        self.choose = choose

    def act(self, planes, state=None):
        """Return action probabilities, float64 (n, 5); a part that is not needed is not asked."""
        chosen, shares = self.choose(state), np.zeros((state.n, len(ACTIONS)))
        for part in np.unique(chosen).tolist():
            answer = self.parts[part].act(planes, state)
            shares = np.where((chosen == part)[:, None], answer, shares)
        return shares


def switch(one, other, steps, start=0):
    """Return a policy that acts as one part during some steps, counted from 0, else as another."""

    def choose(state):
        return np.where((state.clock >= start) & (state.clock < start + steps), 0, 1)

    return Chooser(one, other, choose=choose)


def mix_by_level(one, other, share=0.5):
    """Return a policy whose part is chosen by the level; a level and its twin have one part."""
    return Chooser(one, other, choose=lambda state: np.where(draw_by_level(state, share), 0, 1))


def draw_by_level(state, share=0.5):
    """Return True on a share of the levels, by the level alone, bool (n,)."""
    return unit(mix(state.level.key)) < share


def switch_under_shift(here, elsewhere, trap):
    """Return a policy that acts as one part on shift levels and their changes, else as another.

    So a policy can be competent where base and proxy agree, and do anything under shift.
    """
    key = trap.key(Split.SHIFT)

    def choose(state):
        return np.where(streams(key, state.level.number, "level") == state.level.key, 0, 1)

    return Chooser(here, elsewhere, choose=choose)


class Coin(Chooser):
    """One policy or another by a coin, thrown in each episode, and with ``again`` at each step."""

    def __init__(self, one, other, share=0.5, again=0.0):
        super().__init__(one, other, choose=lambda state: self._rethrow())
        self.share, self.again, self.memory = share, again, True

    def reset(self, mask, rng):
        super().reset(mask, rng)
        self._rng = rng
        thrown = rng.random(len(mask)) < self.share
        self._thrown = thrown if mask.all() else np.where(mask, thrown, self._thrown)

    def _rethrow(self):
        if self.again:
            chance, side = self._rng.random((2, len(self._thrown)))
            self._thrown = np.where(chance < self.again, side < self.share, self._thrown)
        return np.where(self._thrown, 0, 1)


class StartChoice(Chooser):
    """A choice among policies, kept for the episode: int64 (n,), by start states and a number.

    The numbers, float64 (n,), are drawn at random in each episode.
    """

    def __init__(self, *parts, choose):
        super().__init__(*parts, choose=lambda state: self._keep(state))
        self.begin, self.memory = choose, True

    def reset(self, mask, rng):
        super().reset(mask, rng)
        luck = rng.random(len(mask))
        self._luck = luck if mask.all() else np.where(mask, luck, self._luck)

    def _keep(self, state):
        if (state.clock == 0).all():
            self._chosen = self.begin(state, self._luck)
        return self._chosen


class ByPlay(Chooser):
    """One policy in some plays and another one in others, by the number of resets and chance."""

    def __init__(self, one, other, chooses):
        super().__init__(one, other, choose=lambda state: np.full(state.n, self._now))
        self.chooses, self.memory, self._count = chooses, True, 0

    def reset(self, mask, rng):
        super().reset(mask, rng)
        if mask.all():
            self._now = int(self.chooses(self._count, rng))
            self._count += 1


# -- scenes ----------------------------------------------------------------------------------------
WALL = 1  # the channel; before it is the agent's, after it all others
# Targets by what the start states hold: those of the last few batches, which policies share.
_FOUND = {}
_KEPT = 24


@dataclass(frozen=True)
class Scene:
    """The contents of n start states."""

    trap: Trap
    state: State

    @cached_property
    def cells_of(self):
        """Objective -> the cells of its targets as they stand, bool (n, cells)."""
        things = (*self.state.at.values(), *self.state.there.values())
        arrays = [self.state.level.key, self.state.agent, *things]
        name = repr(self.trap).encode() + b"".join(array.tobytes() for array in arrays)
        key = blake2b(name).digest()
        if key not in _FOUND:
            if len(_FOUND) >= _KEPT:
                del _FOUND[next(iter(_FOUND))]
            _FOUND[key] = targets(self.trap, self.state)
        return _FOUND[key]

    @cached_property
    def open_cells(self):
        """The cells without wall, bool (n, height, width)."""
        return ~self.trap.layer(self.state, "wall").reshape(self.state.n, *self.trap.size)

    @property
    def any_target(self):
        """The targets of all objectives, bool (n, cells)."""
        return np.any([*self.cells_of.values()], axis=0)

    @property
    def joined(self):
        """True where one cell is the target of every objective, bool (n,)."""
        return np.asarray(np.all([*self.cells_of.values()], axis=0).any(axis=1))

    def ways_to(self, cells):
        """Return the cells without wall and without another target than some, as ``open_cells``."""
        shunned = self.any_target & ~cells
        return self.open_cells & ~shunned.reshape(self.open_cells.shape)

    def has(self, objective):
        """Return whether an objective has a target, bool (n,)."""
        return np.asarray(self.cells_of[objective].any(axis=1))

    def cell(self, objective):
        """Return the first target of an objective, int64 (n,); 0 for none."""
        return self.cells_of[objective].argmax(axis=1)

    def steps_to(self, objective):
        """Return the steps from each cell to the nearest target, int64 (n, cells); FAR for none."""
        best = np.full(self.cells_of[objective].shape, FAR)
        left = self.cells_of[objective].copy()
        while left.any():
            cell, more = left.argmax(axis=1), left.any(axis=1, keepdims=True)
            steps = distances(self.open_cells, cell)
            best = np.where((steps >= 0) & more, np.minimum(best, steps), best)
            left[np.arange(len(left)), cell] = False
        return best

    def steps_from_start(self, objective):
        """Return the steps from the agent to the nearest target, int64 (n,); FAR for none."""
        return self.steps_to(objective)[np.arange(self.state.n), self.state.agent]


class StartPolicy(Memoryless):
    """A policy that plans at start states, and follows its plans.

    ``begin(scene, **settings)`` returns a function of planes and state: probabilities (n, 5).
    """

    memory = True

    def __init__(self, trap, begin, looks=False, **settings):
        self.trap, self.needs_observation, self._begin = trap, looks, partial(begin, **settings)

    def act(self, planes, state=None):
        if (state.clock == 0).all():
            self._go = self._begin(Scene(self.trap, state))
        return self._go(planes, state)


# -- seeking ---------------------------------------------------------------------------------------
# Neighbours as shifts of an array (n, height, width): axis and way.
SIDES = ((1, 1), (1, -1), (2, 1), (2, -1))


def to(cells):
    """Return prices that are 0 in some cells, int64 (n, cells)."""
    return np.where(cells, 0, FAR)


# A plan gives the prices of ending in each cell, int64 (n, cells), and the cells that it walks on,
# bool (n, height, width).


def plan_straight(scene, objective):
    """Plan as the crow flies: the plan ignores walls, so that the policy may be stuck."""
    inside = np.zeros(scene.open_cells.shape, dtype=np.bool_)
    inside[:, 1:-1, 1:-1] = True
    return to(scene.cells_of[objective]), inside


def plan_around(scene, objective):
    """Plan a way to a target that enters none of its rivals."""
    cells = scene.cells_of[objective]
    return to(cells), scene.ways_to(cells)


def plan_short_of(scene, objective):
    """Plan a way to the cells beside a target, which it does not enter."""
    cells = scene.cells_of[objective].reshape(scene.open_cells.shape)
    near = np.any([np.roll(cells, way, axis) for axis, way in SIDES], axis=0)
    near &= ~scene.any_target.reshape(near.shape)
    return to(near.reshape(len(near), -1)), scene.ways_to(np.zeros_like(scene.any_target))


def seek(scene, plan, **settings):
    """Follow a plan, and first fetch things to carry."""
    trap, (goals, walks) = scene.trap, plan(scene, **settings)

    def go(planes, state):
        ends = goals
        for kind in trap.held:
            lies = trap.layer(state, kind)
            fetch = (state.held[kind] == 0) & lies.any(axis=1) & (ends < FAR).any(axis=1)
            ends = np.where(fetch[:, None], to(lies), ends)
        return SURE[toward(walks, state.agent, ends)]

    return go


def seek_softly(scene, objectives, heat):
    """Take each step by a softmax over the steps left to the nearest target; stay without one.

    Targets are entered with empty hands; the temperature is in steps.
    """
    left = np.min([scene.steps_to(x) for x in objectives], axis=0)
    unreachable = left.min(axis=1) == FAR
    walls = ~scene.open_cells.reshape(scene.state.n, -1)

    def go(planes, state):
        rows, here = np.arange(state.n)[:, None], state.agent[:, None]
        after = here + scene.trap.offsets
        steps = left[rows, np.where(walls[rows, after], here, after)].astype(float)
        worth = np.exp((steps.min(axis=1, keepdims=True) - steps) / heat)
        worth = np.where(unreachable[:, None], SURE[STAY], worth)
        return worth / worth.sum(axis=1, keepdims=True)

    return go


BLIND = -1  # the reach of a policy that sees no target


def look_for(scene, objectives, reach=0):
    """Sweep until a wanted target is seen, and then go there, round unwanted ones.

    The policy sees ``reach`` steps or, with 0, along rows and columns up to the next wall; with
    ``BLIND`` it sweeps on until it enters one.
    """
    walks = scene.ways_to(np.any([scene.cells_of[x] for x in objectives], axis=0))
    left = walks.reshape(scene.state.n, -1).copy()
    targets = np.stack([scene.cells_of[x] for x in objectives])
    if reach:
        views = np.stack([scene.steps_to(x) <= reach for x in objectives])
    else:
        views = np.stack([find_lines(cells, scene.open_cells) for cells in targets])
    visible = np.zeros(targets.shape[:2], dtype=np.bool_)

    def go(planes, state):
        rows = np.arange(state.n)
        left[rows, state.agent] = False
        visible[...] |= views[:, rows, state.agent]
        targets_seen = (targets & visible[..., None]).any(axis=0)
        ends = np.where(targets_seen.any(axis=1, keepdims=True), to(targets_seen), to(left))
        return SURE[toward(walks, state.agent, ends)]

    return go


def find_lines(cells, open_cells):
    """Return the cells in line with some cells, without a wall between, bool (n, cells)."""
    start = cells.reshape(open_cells.shape)
    lines = start.copy()
    for axis, way in SIDES:
        ray = start
        while ray.any():
            ray = np.roll(ray, way, axis) & open_cells
            lines |= ray
    return lines.reshape(cells.shape)


def gather(scene, sweeping=False):
    """Visit all visible things, the nearest first, and then stay.

    With ``sweeping`` it visits the nearest unvisited cells while any thing is visible.
    """
    visited = np.zeros((scene.state.n, scene.trap.cells), dtype=np.bool_)

    def go(planes, state):
        open_cells = planes[..., WALL] == 0
        visited[np.arange(state.n), state.agent] = True
        cells = (planes[..., WALL + 1 :].any(axis=3) & open_cells).reshape(state.n, -1)
        if sweeping:
            cells = cells.any(axis=1)[:, None] & open_cells.reshape(state.n, -1)
        return SURE[toward(open_cells, state.agent, to(cells & ~visited))]

    return go


# -- wandering -------------------------------------------------------------------------------------
LEFT, RIGHT = 0, 2
# Episodes of training from which habits are taken.
EPISODES = 200


def oscillate():
    """Return the policy that goes left, right, left, right."""
    return Scripted(lambda planes, state: np.where(state.clock % 2 == 0, LEFT, RIGHT))


def go_to_cell(salt=0):
    """Return the policy that goes to a cell of the level, round all things, and then stays.

    Two salts choose their cells independently.
    """

    def choose(planes, state):
        open_cells, things = planes[..., WALL] == 0, planes[..., WALL + 1 :].any(axis=3)
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
        neighbours = state.agent[:, None] + np.array([-1, width, 1, -width])[directions]
        open_cells = (planes[..., WALL] == 0).reshape(state.n, -1)
        return directions, np.take_along_axis(open_cells, neighbours, 1)


class WallFollower(Heading):
    """Keeps its right hand on the wall; or its left one, with ``hand`` -1.

    It goes to the hand's side if that is open, else ahead, else to the other side, else back.
    """

    def __init__(self, hand=1):
        # Left, down, right, up: to turn right is one back in the order, to turn left one on.
        self._turns = np.array([-1, 0, 1, 2]) * hand

    def act(self, planes, state=None):
        directions, ahead = self.look(planes, state, self._turns)
        first = ahead.argmax(axis=1)
        self.facing = np.take_along_axis(directions, first[:, None], axis=1)[:, 0]
        return SURE[self.facing]


class MomentumWalk(Heading):
    """Walks on in its direction for as long as it can, and turns at random now and then."""

    def __init__(self, turning=0.2):
        self.turning = turning

    def act(self, planes, state=None):
        directions, ahead = self.look(planes, state, np.arange(4))
        turns = ~ahead[:, 0] | (self._rng.random(state.n) < self.turning)
        order = np.where(ahead, self._rng.random(ahead.shape), -1.0)
        chosen = np.take_along_axis(directions, order.argmax(axis=1)[:, None], axis=1)[:, 0]
        self.facing = np.where(turns, chosen, self.facing)
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
    cells, chosen = ([s.state.agent for s in steps], [s.chosen for s in steps])
    return np.concatenate(cells), np.concatenate(chosen)


def make_drift(trap, policy):
    """Return the policy that takes each action as often as a given policy does in training."""
    _, actions = train_steps(trap, policy)
    return Constant((np.bincount(actions, minlength=len(ACTIONS)) / len(actions)).tolist())


class Habit(Memoryless):
    """Takes in each cell the action that another policy took there in training, on every level."""

    needs_observation = False

    def __init__(self, trap, policy):
        cells, actions = train_steps(trap, policy)
        often = np.zeros((trap.cells, len(ACTIONS)))
        np.add.at(often, (cells, actions), 1.0)
        often[often.sum(axis=1) == 0, STAY] = 1.0
        self.often = often / often.sum(axis=1, keepdims=True)

    def act(self, planes, state=None):
        return self.often[state.agent]
