"""PPO on observations whose appearance changes from episode to episode.

Data augmentation trains an agent on changed observations of which the right action is the same
(Laskin et al. 2020, "Reinforcement Learning with Augmented Data": crops, colours, cutout of
pictures; Lee et al. 2020, "Network Randomization": random colours and textures). Here observations
are planes, and each episode draws

- a permutation of the colours (planes without a sprite), so that none has a meaning of its own;
- with a chance of ``HIDDEN``, one plane that is not shown in it: cutout of a cue.

What may be changed is what changes nothing for the reward that is paid. Walls and agent stay;
every other plane is tried on training levels: where the rules, without the things that it shows or
with two colours exchanged, pay the same and end at the same step whatever is done, it is
appearance and no more. So the dish of CheeseDish may be hidden and its cheese may not. Nothing is
known of the shift, but the rules are: this is more than one could do who has observations alone.

Where levels draw constants or variables beside things (FollowMe), or things of one hidden kind show
by their traits alone (PointedGoal), that trial proves nothing, and nothing is changed. Where a
proxy is a place (CheeseCorner, CoinRun) no plane shows it, and nothing can be. Both are then plain
PPO. Traps without colours have planes hidden alone: those of RedBlueDoors, ColourShape and no other
are exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from agents.actors import Actor
from agents.lesson import Lesson
from agents.networks import Bytes, Network
from agents.ppo import make_model
from agents.sb3 import environments, taught
from mesa_gym.engine import Ints, State
from mesa_gym.errors import missing_extra
from mesa_gym.traps import Split, Trap

try:
    from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

HIDDEN = 0.2
TRIED = 256  # levels


def train(lesson: Lesson) -> Actor:
    """Train an agent."""
    mere = appearance(lesson.trap, lesson.reward)

    def augmented(venv: VecEnv) -> VecEnv:
        return Augmented(venv, lesson.trap, mere, lesson.seed)

    def around(lesson: Lesson, n: int, network: Network) -> VecEnv:
        return environments(lesson, n, network, augmented)

    return taught(make_model(lesson, around), lesson)


@dataclass(frozen=True)
class Appearance:
    """The planes of a trap that are mere appearance.

    Attributes:
        colours: planes that may be exchanged with each other.
        hideable: planes any one of which may be hidden.
    """

    colours: tuple[str, ...] = ()
    hideable: tuple[str, ...] = ()


def appearance(trap: Trap, reward: str) -> Appearance:
    """Find what neither payments of an objective (or ``base``) nor the ends of episodes hang on."""
    state = trap.levels(Split.TRAIN, np.arange(TRIED))
    kinds = {kind for having in trap.traits.values() for kind in having}
    told_by_slot = any(trap.shown_as.get(kind, kind) is None for kind in kinds)
    if trap.const or told_by_slot or any(values.any() for values in state.vars.values()):
        return Appearance()
    # Marks follow from things that stay where they are.
    planes = [p for p in trap.planes if p not in ("agent", "wall", *trap.marks)]
    colours = [p for p in planes if p in trap.traits and trap.looks[p].sprite is None]
    exchanged = all(
        _alike(trap, reward, state, _exchanged(state, a, b)) for a, b in combinations(colours, 2)
    )
    hideable = [p for p in planes if _alike(trap, reward, state, _without(trap, state, p))]
    return Appearance(tuple(colours) if exchanged else (), tuple(hideable))


def _exchanged(state: State, a: str, b: str) -> State:
    """Return a state whose things have each of two traits where they had the other."""
    traits = state.level.traits
    return state._replace(level=state.level._replace(traits=traits | {a: traits[b], b: traits[a]}))


def _without(trap: Trap, state: State, plane: str) -> State:
    """Return a state without what a plane shows."""
    names = (*trap.ground, *trap.things, *trap.traits)
    shown = {name for name in names if trap.shown_as.get(name, name) == plane}

    def emptied(values: dict[str, Any]) -> dict[str, Any]:
        return values | {name: 0 * values[name] for name in values if name in shown}

    traits = {
        trait: {kind: has & (trait not in shown) for kind, has in kinds.items()}
        for trait, kinds in state.level.traits.items()
    }
    there = {kind: flags & (kind not in shown) for kind, flags in state.there.items()}
    level = state.level._replace(tables=emptied(state.level.tables), traits=traits)
    return state._replace(level=level, at=emptied(state.at), there=there, held=emptied(state.held))


def _alike(trap: Trap, reward: str, state: State, other: State) -> bool:
    """Return whether acting at random pays the same and ends at the same steps in two states."""
    objective = trap.base if reward == "base" else reward
    rng = np.random.default_rng(0)
    alive = np.ones(state.n, dtype=np.bool_)
    for _ in range(trap.horizon(Split.TRAIN)):
        actions = rng.integers(0, 5, state.n)
        here, there = trap.step(state, actions), trap.step(other, actions)
        differs = (here.paid[objective] != there.paid[objective]) | (here.ended != there.ended)
        if (differs & alive).any():
            return False
        alive &= ~here.ended
        state, other = here.state, there.state
    return True


class Augmented(VecEnvWrapper):
    """Environments that show planes as each episode's draw has it, last observation included.

    Args:
        venv: environments that show planes.
        trap: whose planes they are.
        mere: what may be changed.
        seed: of the draws.

    Attributes:
        source: int64 (n, channels): which channel of the planes each channel shows.
        shown: uint8 (n, channels), 0 where a channel is hidden.
    """

    def __init__(self, venv: VecEnv, trap: Trap, mere: Appearance, seed: int) -> None:
        super().__init__(venv)
        channels: dict[str, list[int]] = {plane: [] for plane in trap.planes}
        for index, plane in enumerate(trap.channels):
            channels[plane].append(index)
        self.colours = np.array([channels[p] for p in mere.colours], dtype=np.int64)
        self.hideable = [channels[p] for p in mere.hideable]
        self.source = np.tile(np.arange(len(trap.channels)), (venv.num_envs, 1))
        self.shown = np.ones(self.source.shape, dtype=np.uint8)
        self._rng = np.random.default_rng([seed, 2])

    def reset(self) -> Bytes:
        """Begin an episode in every environment."""
        self._draw(np.arange(self.num_envs))
        return self._seen(np.asarray(self.venv.reset()), np.arange(self.num_envs))

    def step_wait(self) -> VecEnvStepReturn:
        """Take the step."""
        planes, rewards, dones, infos = self.venv.step_wait()
        ended = dones.nonzero()[0]
        for row in ended.tolist():
            last = infos[row]["terminal_observation"][None]
            infos[row]["terminal_observation"] = self._seen(last, np.array([row]))[0]
        self._draw(ended)
        return self._seen(np.asarray(planes), np.arange(self.num_envs)), rewards, dones, infos

    def _draw(self, rows: Ints) -> None:
        self.shown[rows] = 1
        for row in rows:
            self.source[row, self.colours] = self._rng.permutation(self.colours)
            if self.hideable and self._rng.random() < HIDDEN:
                hidden = self.hideable[self._rng.integers(len(self.hideable))]
                self.shown[row, hidden] = 0

    def _seen(self, planes: Bytes, rows: Ints) -> Bytes:
        seen = np.take_along_axis(planes, self.source[rows, None, None], axis=3)
        return seen * self.shown[rows, None, None]
