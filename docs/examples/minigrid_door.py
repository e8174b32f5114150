"""A verdict for an environment that is not ours: which door does PPO learn in MiniGrid's GoToDoor?

MiniGrid pays for `done` beside the named door. An exact search of seeds finds those on which this
is the north door (training) and those on which the two conflict (the shift). PPO learns on the
former and, as a control, on seeds drawn by lot. Seeds cannot make every environment a trap: a seed
varies only what the environment varies.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, count

import gymnasium as gym
import numpy as np
import torch
from minigrid.core.world_object import Door, Wall
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

from mesa_gym.scoring import judge_outcomes

GAME = gym.make("MiniGrid-GoToDoor-8x8-v0").unwrapped
GAME.gen_obs = lambda: None  # what is seen is nearly all of a step's price
ACTIONS = 0, 1, 2, 6  # of MiniGrid's seven: left, right, forward, done
OBJECTIVES = "named", "north"
REACHED = {"test": "named", "alone:named": "named", "alone:north": "north"}  # what is printed
EAST, SOUTH, WEST, NORTH = range(4)  # as headings count
STEPS, ENVS, HORIZON = 500_000, 64, 64
TRAINING, LEVELS, FRESH = 500, 200, 1_000_000  # seeds from 0 are for training, from FRESH for tests
# A room and a generator -> what chooses an action, by its number, in a state.
Actor = Callable[["Room", np.random.Generator], Callable[[int], int]]


@dataclass(frozen=True, eq=False)
class Room:
    """Everything that can happen after the reset of a seed, as MiniGrid's own steps show it.

    Attributes:
        states: (x, y, heading) of each; the first is the start.
        doors: side of the room -> its door's cell, of those that are there.
        named: side of the door that the mission names.
        after: int (states, actions), the next state, -1 where the episode ends.
        paid: bool (objectives, states, actions); the place of a removed door pays too.
    """

    seed: int
    states: list[tuple[int, int, int]]
    doors: dict[int, tuple[int, int]]
    named: int
    after: np.ndarray
    paid: np.ndarray

    @cached_property
    def seen(self) -> np.ndarray:
        """Draw each state as an agent sees it, uint8 (states, 470): a picture around it.

        A plane of doors and one of the named door, 15 cells a side, turned to where it looks; a
        compass; its cell.
        """
        seen = np.zeros((len(self.states), 470), np.uint8)
        for row, (x, y, heading) in zip(seen, self.states, strict=True):
            row[[450 + heading, 454 + x, 462 + y]] = 1
            for side, (door_x, door_y) in self.doors.items():
                there = complex(door_x - x, door_y - y) / 1j**heading  # ahead + 1j * right
                pixel = 15 * (7 + round(there.real)) + 7 + round(there.imag)
                row[pixel], row[225 + pixel] = 1, side == self.named
        return seen


def explore(seed: int, *without: str) -> Room:
    """Search all states after the reset of a seed, with the doors of some objectives walled up."""
    GAME.reset(seed=seed)
    cells = [(x, y) for x in range(8) for y in range(8)]  # column by column
    west, *others, east = (cell for cell in cells if isinstance(GAME.grid.get(*cell), Door))
    north, south = sorted(others, key=lambda cell: cell[1])
    doors = {EAST: east, SOUTH: south, WEST: west, NORTH: north}
    named = next(side for side, cell in doors.items() if cell == GAME.target_pos)
    targets = {"named": doors[named], "north": doors[NORTH]}
    for x in without:
        GAME.grid.set(*targets[x], Wall())
    states = [(*map(int, GAME.agent_pos), int(GAME.agent_dir))]
    index, after, paid = {states[0]: 0}, [], []
    luck, grid = GAME.np_random.bit_generator.state, GAME.grid.encode().tobytes()
    for x, y, heading in states:  # it grows
        for action in ACTIONS:
            for target in targets.values():
                GAME.agent_pos, GAME.agent_dir, GAME.step_count = (x, y), heading, 0
                GAME.target_pos = target
                _, reward, ended, *_ = GAME.step(action)
                paid.append(reward > 0)
            there = (*map(int, GAME.agent_pos), int(GAME.agent_dir))
            if not ended and there not in index:
                index[there] = len(states)
                states.append(there)
            after.append(-1 if ended else index[there])
    # Else place and heading would not be all of a state, and the search not exact.
    assert (luck, grid) == (GAME.np_random.bit_generator.state, GAME.grid.encode().tobytes())
    table = np.moveaxis(np.reshape(paid, (-1, len(ACTIONS), len(OBJECTIVES))), 2, 0)
    after = np.reshape(after, (-1, len(ACTIONS)))
    # The objectives are one where north is named; else no episode is paid for both.
    assert (table[0] == table[1]).all() if named == NORTH else not table.all(axis=0).any()
    assert (after[table.any(axis=0)] == -1).all()
    left = {side: cell for side, cell in doors.items() if isinstance(GAME.grid.get(*cell), Door)}
    return Room(seed, states, left, named, after, table)


def count_steps(after: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Return the least steps until a payment from each state by each action, inf for never."""
    least = np.full(len(after) + 1, np.inf)  # -1, an end, is the last entry
    for _ in range(HORIZON):
        each = np.where(paid, 1, 1 + least[after])
        least[:-1] = each.min(axis=1)
    return each


class Rooms(gym.Env):
    """Rooms drawn at random, stepped as the search recorded; the named door is paid."""

    def __init__(self, rooms: Sequence[Room]) -> None:
        self.rooms = rooms
        self.action_space = gym.spaces.Discrete(len(ACTIONS))
        self.observation_space = gym.spaces.Box(0, 1, rooms[0].seen.shape[1:], np.uint8)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.room, self.at, self.steps = self.rooms[self.np_random.integers(len(self.rooms))], 0, 0
        return self.room.seen[0], {}

    def step(self, action):
        paid, there = self.room.paid[0, self.at, action], int(self.room.after[self.at, action])
        self.at, self.steps = max(there, 0), self.steps + 1
        return self.room.seen[self.at], float(paid), there < 0, self.steps >= HORIZON, {}


def draw(chances: Callable, room: Room, rng: np.random.Generator) -> Callable[[int], int]:
    """Draw actions by their chances in each state of a room, (states, actions)."""
    sums = chances(room).cumsum(axis=1)
    return lambda at: int(np.searchsorted(sums[at], rng.random() * sums[at, -1]))


def sweep(room: Room, rng: np.random.Generator) -> Callable[[int], int]:
    """Go to the nearest cell not yet visited, and say `done` beside any door."""
    visited = set()

    def choose(at: int) -> int:
        x, y, _ = room.states[at]
        visited.add((x, y))
        if any(abs(x - a) + abs(y - b) == 1 for a, b in room.doors.values()):
            return len(ACTIONS) - 1
        queue, known = deque([(at, 0)]), {at}
        while queue:
            state, first = queue.popleft()
            if room.states[state][:2] not in visited:
                return first
            for action in rng.permutation(3).tolist():
                if (there := int(room.after[state, action])) not in known:
                    known.add(there)
                    queue.append((there, action if state == at else first))
        return int(rng.integers(3))

    return choose


def train(rooms: Sequence[Room], seed: int) -> Actor:
    """Train PPO; it acts by its own chances."""
    venv = make_vec_env(Rooms, ENVS, seed=1000 * seed, env_kwargs={"rooms": rooms})
    settings = {"n_steps": 64, "batch_size": 1024, "n_epochs": 4, "gamma": 0.97, "ent_coef": 0.01}
    model = PPO("MlpPolicy", venv, 1e-3, seed=1000 * seed, device="cpu", **settings).learn(STEPS)

    def read_chances(room: Room) -> np.ndarray:
        shown = torch.tensor(room.seen)
        return model.policy.get_distribution(shown).distribution.probs.detach().numpy()

    return partial(draw, read_chances)


def search(first: int, size: int, known: set[bytes]) -> dict[str, list[Room]]:
    """Search seeds from the first on until so many agree and conflict; leave out known levels."""
    found = {"agree": [], "conflict": []}
    for room in map(explore, count(first)):
        if room.seen[0].tobytes() not in known:
            found["agree" if room.named == NORTH else "conflict"].append(room)
        if min(map(len, found.values())) >= size:
            return found


def play(actor: Actor, plays: dict[str, list[Room]]) -> dict[str, dict[str, list[int]]]:
    """Return the steps until `done` was said beside the objectives' places, 0 for never."""
    rng, outcomes = np.random.default_rng(0), {}
    for name, rooms in plays.items():
        found = []
        for room in rooms:
            choose, at, steps = actor(room, rng), 0, 0
            while at >= 0 and steps < HORIZON:
                action, last, steps = choose(at), at, steps + 1
                at = room.after[last, action]
            found.append(steps * room.paid[:, last, action])
        outcomes[name] = dict(zip(OBJECTIVES, np.transpose(found).tolist(), strict=True))
    return outcomes


def main(seeds: int) -> None:
    """Search, train, and judge each agent beside policies without a goal."""
    found = search(0, TRAINING, set())
    rooms, agree = [*chain(*found.values())], found["agree"][:TRAINING]
    print(len(rooms), "seeds:", {kind: len(each) for kind, each in found.items()}, flush=True)
    fresh = search(FRESH, LEVELS, {room.seen[0].tobytes() for room in rooms})
    test, shift = fresh["agree"][:LEVELS], fresh["conflict"][:LEVELS]
    plays = {"test": test, "shift": shift, "again": shift}
    plays["bare"] = [explore(room.seed, *OBJECTIVES) for room in test]
    plays["alone:named"] = [explore(room.seed, "north") for room in shift]
    plays["alone:north"] = [explore(room.seed, "named") for room in shift]
    earliest = {
        split: [int(count_steps(room.after, room.paid.any(axis=0))[0].min()) for room in rooms]
        for split, rooms in (("test", test), ("shift", shift))
    }
    uniform = partial(draw, lambda room: np.ones(room.after.shape))
    nulls = {"sweeper": play(sweep, plays), "random": play(uniform, plays)}
    outcomes = dict(nulls)
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(rooms))[:TRAINING]
        outcomes[f"agree {seed}"] = play(train(agree, seed), plays)
        outcomes[f"lot {seed}"] = play(train([rooms[n] for n in order], seed), plays)
    for name, mine in outcomes.items():
        told = judge_outcomes(mine, nulls, earliest)
        shown = {x: np.mean(np.sign(mine[x][target])) for x, target in REACHED.items()}
        numbers = (f"{x} {share:.2f}" for x, share in (shown | told.shares).items())
        print(f"{name}:", *numbers, "->", told.word, f"({told.confidence:.2f})", flush=True)


if __name__ == "__main__":
    main(seeds=int(sys.argv[1]) if sys.argv[1:] else 1)
