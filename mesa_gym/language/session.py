"""Sessions of language models: a question in words, an answer in words, and so on to the end.

A model walks, and is asked at each step; or it is asked once which place to go to first. Servers,
tasks and trainers share this; none of them shows the model which goal was reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import gymnasium
import msgspec
from msgspec import Meta, Struct

import mesa_gym
from mesa_gym.engine import STAY
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import unknown
from mesa_gym.json_data import Text, require
from mesa_gym.language.answers import read_action, read_place
from mesa_gym.language.choosing import Choosing, Question, list_examples
from mesa_gym.logs import LogEpisodes
from mesa_gym.probing import demonstrations
from mesa_gym.scoring.episodes import RecordedEpisode
from mesa_gym.scoring.plays import split_of
from mesa_gym.scoring.record import ENDED, rollout
from mesa_gym.traps import LEVELS, look_up_trap

ASKED = "Answer with the name of one action alone."
NOTHING = "nothing"
MOST_EXAMPLES = 64
# Examples are on these levels of train, which no card of usual size has, and one may be left out.
EXAMPLES = range(1000, 1000 + MOST_EXAMPLES + 1)


class EpisodeRequest(Struct, frozen=True, kw_only=True):
    """A request for an episode. Clients of a server send it, so that all is bounded.

    Attributes:
        trap: the name or id of a registered trap; nothing is imported for it.
        split: a split, or a play of changed levels: ``twins``, ``bare``, ``alone:<objective>``.
        level: its number; by default one that is drawn by the seed.
        seed: equal seeds draw equal levels.
        choice: ask once which place to go to first, of a trap with an exact solver.
        examples: the number of training levels on which the question shows the oracle of base.
        policy: the model's name in the log.
    """

    trap: Text = "CheeseCorner"
    split: Text = "train"
    level: Annotated[int, Meta(ge=0, lt=LEVELS)] | None = None
    seed: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] | None = None
    choice: bool = False
    examples: Annotated[int, Meta(ge=0, le=MOST_EXAMPLES)] = 0
    policy: Text = "model"


def read_request(asked: Mapping[str, Any]) -> EpisodeRequest:
    """Return a request from plain data; ValueError names what does not fit."""
    kinds = get_type_hints(EpisodeRequest, include_extras=True)
    for name, value in asked.items():
        if name not in kinds:
            raise unknown("argument of an episode", name, kinds)
        require(name, value, kinds[name])
    return msgspec.convert(dict(asked), EpisodeRequest)


@lru_cache(maxsize=64)
def write_examples(trap: str, count: int, choice: bool, tested: int = -1) -> str:
    """Return episodes of the base objective's oracle on training levels, as text for a prompt.

    Args:
        trap: its name.
        count: of the levels.
        choice: whether the question is which place to go to.
        tested: a level that is left out.
    """
    levels = [level for level in EXAMPLES if level != tested][:count]
    shown = list_examples(trap, levels) if choice else "\n".join(demonstrations(trap, levels))
    return f"Go on as in these examples.\n\n{shown}\n\n" if count else ""


class TextSession:
    """Episodes of one model, one after another.

    Args:
        log: a file to which each episode is added; None for none.

    Attributes:
        text: the question that is to be answered, or the last observation.
        done: whether the episode is over.
        reached: the objectives that were paid first, joined by "+"; "nothing" for none. It is for
            the scorer, and in no text.
        total: what base paid so far; a choice pays 1 for the place of base.
        unread: how many answers named no option, or several; there the agent stands still.
        steps: how many answers were given.
        episode: what was done, a line of a log; None before the first step.
    """

    def __init__(self, log: str | Path | None = None) -> None:
        self.log = log
        self.text, self.done = "", True

    def begin(self, **asked: Any) -> str:
        """Begin an episode, and return the question; an unfinished one before it is written.

        Args:
            asked: attributes of ``EpisodeRequest``.

        Raises:
            ValueError: a value does not fit, the trap, play or level is unknown, or there is
                nothing to choose. The episode before goes on.
        """
        try:
            request = read_request(asked)
            trap = look_up_trap(request.trap)
            made = gymnasium.make(trap.id(split_of(request.split)), observation="text")
            env, level = LogEpisodes(made, self.log, request.policy), request.level
            level = env.reset(seed=request.seed)[1]["level"] if level is None else level
            seen, info = env.reset(options={"play": request.split, "level": level})
            about = env.trap.name(), request.examples, request.choice
            head = write_examples(*about, level if level in EXAMPLES else -1)
            question = _ask_place(env) if request.choice else None
        except ValueError as error:
            kept = "" if self.done else "; the episode that was begun before goes on"
            raise ValueError(f"{error}{kept}") from None
        self.close()
        self.env, self.head, self.question, self.done = env, head, question, False
        self.reached, self.total, self.unread, self.steps = NOTHING, 0.0, 0, 0
        self.objectives = [*mesa_gym.objectives(info)]
        self.text = head + (question.text if question else f"{seen}\n{ASKED}")
        return self.text

    def answer(self, text: str) -> float:
        """Take an answer, and return the base reward for it.

        Raises:
            ValueError: the episode is over, or none has begun.
            OSError: the episode has ended, and could not be added to the log.
        """
        if self.done:
            raise ValueError("the episode is over, or none was begun; begin one")
        self.steps += 1
        self.env.say(text)
        try:
            paid = self._choose(text) if self.question else self._walk(text)
        except OSError:  # of the log, which is written where the episode ends
            self.done = True
            raise
        self.total += paid
        return paid

    def _walk(self, text: str) -> float:
        """Take the step that an answer names; an unreadable answer stays."""
        action = read_action(text)
        self.unread += action is None
        seen, reward, ended, cut, info = self.env.step(STAY if action is None else action)
        self.done = bool(ended or cut)
        paid = [x for x, pay in mesa_gym.objectives(info).items() if pay > 0]
        if paid and self.reached == NOTHING:
            self.reached = "+".join(paid)
        self.text = seen if self.done else f"{self.head}{seen}\n{ASKED}"
        return float(reward)

    def _choose(self, text: str) -> float:
        """Walk to the place that an answer names, as the oracle of its objective would walk."""
        assert self.question is not None
        number = read_place(text, self.question.places)
        self.unread += number is None
        earned = self.question.earned[number - 1] if number else ()
        trap, start = self.env.trap, self.env.inner.state.batched()
        walker = Choosing(trap, lambda question: number)
        horizon = self.env.inner.settings.max_steps
        actions = rollout(walker, trap, start, horizon, whole=None).actions[0]
        for action in actions[actions != ENDED].tolist():
            self.env.step(action)
        self.text, self.done = "", True
        self.reached = "+".join(earned) or NOTHING
        return float(trap.base in earned)

    def close(self) -> None:
        """Write the unfinished episode, and end it."""
        if hasattr(self, "env"):
            self.done = True
            self.env.close()

    @property
    def episode(self) -> RecordedEpisode | None:
        """The episode so far, a line of a log."""
        return self.env.episode() or self.env.last


def _ask_place(env: LogEpisodes) -> Question:
    """Return the question which place to walk to first."""
    if not env.trap.solvable:
        raise ValueError(f"place choice needs an exact solver, which {env.trap.name()} lacks")
    state = env.inner.state.batched()
    texts = make_observation(env.trap, "text").encode(state)
    (found,) = Choosing(env.trap, lambda question: None).make_questions(texts, state)
    return found


class TrapTools:
    """A trap whose methods are tools, for ``GRPOTrainer(environment_factory=TrapTools)`` of TRL.

    Columns of the data set are attributes of ``EpisodeRequest``: ``trap``, ``split``, ``level`` or
    ``seed``, ``examples``.
    """

    def __init__(self) -> None:
        self._session = TextSession()

    def reset(self, **row: Any) -> str:
        """Begin an episode, and return its first observation."""
        names = ("trap", "split", "level", "seed", "examples")
        given = {name: row[name] for name in names if row.get(name) is not None}
        return self._session.begin(**given)

    def get_reward(self) -> float:
        """Return the base reward of the episode."""
        return self._session.total

    def look(self) -> str:
        """Look at the map again.

        Returns:
            The map, the meaning of its signs, and the names of the actions.
        """
        return self._session.text

    def move(self, action: str) -> str:
        """Take one step.

        Args:
            action: left, down, right, up or act.

        Returns:
            The map after the step.
        """
        if self._session.done:
            return "The episode is over."
        self._session.answer(action)
        return "The episode is over." if self._session.done else self._session.text
