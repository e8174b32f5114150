"""An episode in which a model is asked for an action at each step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import gymnasium
from msgspec import structs

import mesa_gym
from mesa_gym.choices.play_questions import list_example_levels
from mesa_gym.choices.question_form import copy_trap, key_trap
from mesa_gym.choices.questions import AS_SHOWN
from mesa_gym.engine import ACTIONS, STAY
from mesa_gym.language.request import EpisodeRequest
from mesa_gym.logs import LogEpisodes, RecordedEpisode
from mesa_gym.policies.answers import ACTION_ASKED, read_action
from mesa_gym.probing import demonstrations
from mesa_gym.scoring.plays import split_of
from mesa_gym.traps import Trap

STEP_OPTIONS = " or ".join(ACTIONS)


@lru_cache(maxsize=64)
def _write_examples(key: object, levels: Sequence[int]) -> str:
    """Return episodes of base's oracle on training levels; "" without levels."""
    if not levels:
        return ""
    examples = "\n".join(demonstrations(copy_trap(key), levels))
    return f"{AS_SHOWN}\n\n{examples}\n\n"


def draw_level(trap: Trap, request: EpisodeRequest) -> int:
    """Return the level that the seed of a request draws."""
    return int(_make_env(trap, request).reset(seed=request.seed)[1]["level"])


def _make_env(trap: Trap, request: EpisodeRequest) -> LogEpisodes:
    """Return the environment of a request, in words."""
    keywords: dict[str, Any] = {"size": trap.size, "salt": request.salt, **request.parameters}
    name = trap.id(split_of(request.split))
    env = gymnasium.make(name, observation="text", **keywords)
    return LogEpisodes(env, None, request.model)


class StepEpisode:
    """Steps on one level.

    Attributes:
        text: the question to answer, or the last observation.
        done: whether the episode is over.
        question: None, as no place is chosen.
    """

    question = None

    def __init__(self, trap: Trap, request: EpisodeRequest, level: int) -> None:
        """Begin an episode; ValueError if the request does not fit the trap."""
        self.env, self.request, self.done = _make_env(trap, request), request, False
        solved = list_example_levels(request.examples, level)
        self._head = _write_examples(key_trap(trap), solved)
        obs = self.env.reset(options={"play": request.split, "level": level})[0]
        self.text = f"{self._head}{obs}\n{ACTION_ASKED}"

    def read(self, text: object) -> int | None:
        """Return the action that an answer names; None if it cannot be read."""
        return read_action(text)

    def answer(self, action: int | None, text: str) -> tuple[float, list[str]]:
        """Take a step, or stay; return its base reward, and the objectives that were paid."""
        self.env.say(text, action is not None)
        obs, reward, ended, cut, info = self.env.step(STAY if action is None else action)
        self.done = bool(ended or cut)
        self.text = obs if self.done else f"{self._head}{obs}\n{ACTION_ASKED}"
        return float(reward), [x for x, pay in mesa_gym.objectives(info).items() if pay > 0]

    @property
    def record(self) -> RecordedEpisode | None:
        """The episode so far, a line of a log; None before the first step."""
        if (episode := self.env.episode() or self.env.last) is None:
            return None
        settings = {"examples": self.request.examples, "trained": self.request.trained}
        return structs.replace(episode, **settings)

    def close(self) -> None:
        """Close the environment."""
        self.env.close()
