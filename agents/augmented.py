"""PPO on observations whose appearance changes from episode to episode.

Data augmentation trains an agent on changed observations of which the right action is the same
(Laskin et al. 2020, "Reinforcement Learning with Augmented Data": crops, colours, cutout of
pictures; Lee et al. 2020, "Network Randomization": random colours and textures). Here observations
are planes, and each episode draws

- a permutation of the colours (planes without a sprite), so that none has a meaning of its own;
- with a chance of ``HIDDEN``, one plane that is not shown in it: cutout of a cue.

What may be changed is what changes nothing for the reward that is paid. Walls and agent stay;
every other plane is tried on training levels: where the rules, without that plane or with two
colours exchanged, pay the same and end at the same step whatever is done, it is appearance and
no more. So the dish of CheeseDish may be hidden and its cheese may not. Nothing is known of the
shift, but the rules are: this is more than one could do who has observations alone.

Where rules read variables of the state beside planes (FollowMe, PointedGoal and others) that trial
proves nothing, and nothing is changed. Where a proxy is a place (CheeseCorner, CoinRun) no plane
shows it, and nothing can be. Both are then plain PPO. Traps without colours have planes hidden
alone: those of RedBlueDoors, ColourShape and no other are exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from agents.actors import Actor
from agents.lesson import Lesson
from agents.networks import Bytes, Network
from agents.ppo import make_model
from agents.sb3 import environments, taught
from mesa_gym.errors import missing_extra
from mesa_gym.grid import AGENT, WALL, Ints, Plane, Schema
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
        return Augmented(venv, lesson.trap.schema, mere, lesson.seed)

    def around(lesson: Lesson, n: int, network: Network) -> VecEnv:
        return environments(lesson, n, network, augmented)

    return taught(make_model(lesson, around), lesson)


@dataclass(frozen=True)
class Appearance:
    """What of a trap's planes is mere appearance.

    Attributes:
        colours: planes that may be exchanged with each other.
        hideable: planes any one of which may be hidden.
    """

    colours: tuple[Plane, ...] = ()
    hideable: tuple[Plane, ...] = ()


def appearance(trap: Trap, reward: str) -> Appearance:
    """What neither the payments of an objective (or ``base``) nor the ends of episodes hang on."""
    if trap.vars or trap.const:
        return Appearance()
    channels = trap.schema.channels
    planes = [p for p in channels if p not in (AGENT, WALL)]
    colours = [p for p in planes if p.sprite is None]
    exchanged = all(
        _inert(trap, reward, [*channels[a], *channels[b]], [*channels[b], *channels[a]])
        for a, b in combinations(colours, 2)
    )
    hideable = [p for p in planes if _inert(trap, reward, [*channels[p]], None)]
    return Appearance(tuple(colours) if exchanged else (), tuple(hideable))


def _inert(trap: Trap, reward: str, changed: list[int], shown: list[int] | None) -> bool:
    """Whether payments and ends stay if channels show others, or nothing; acting at random."""
    objective = trap.base if reward == "base" else reward
    state = trap.levels(Split.TRAIN, np.arange(TRIED))
    other = state.copy()
    other.planes[..., changed] = 0 if shown is None else state.planes[..., shown]
    other.recount()
    other.mark_once()
    rng = np.random.default_rng(0)
    alive = np.ones(TRIED, dtype=np.bool_)
    for _ in range(trap.horizon(Split.TRAIN)):
        actions = rng.integers(0, 5, TRIED)
        here, there = trap.advance(state, actions), trap.advance(other, actions)
        differs = (here.paid[objective] != there.paid[objective]) | (here.ended != there.ended)
        if (differs & alive).any():
            return False
        alive &= ~here.ended
    return True


class Augmented(VecEnvWrapper):
    """Environments that show planes as each episode's draw has it, last observation included.

    Args:
        venv: environments that show planes.
        schema: of the planes.
        mere: what may be changed.
        seed: of the draws.

    Attributes:
        source: int64 (n, channels): which channel of the planes each channel shows.
        shown: uint8 (n, channels), 0 where a channel is hidden.
    """

    def __init__(self, venv: VecEnv, schema: Schema, mere: Appearance, seed: int) -> None:
        super().__init__(venv)
        self.colours = np.array([schema.channels[p] for p in mere.colours], dtype=np.int64)
        self.hideable = [list(schema.channels[p]) for p in mere.hideable]
        self.source = np.tile(np.arange(len(schema.planes)), (venv.num_envs, 1))
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
