"""Sessions of language models: questions and answers as text, until the episode ends.

A model is asked for an action at each step, or once for the place to go to first. Servers, tasks
and trainers use these sessions. The model never reads which goal was reached.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache, wraps
from pathlib import Path
from threading import RLock, get_ident
from time import sleep
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import gymnasium
import msgspec

import mesa_gym
from mesa_gym.engine import ACTIONS, STAY
from mesa_gym.envs.observations import make_observation
from mesa_gym.language.answers import ACTION_ASKED, ASKED_AGAIN, read_action, read_place
from mesa_gym.language.choosing import Choosing, Question, list_examples
from mesa_gym.language.request import MOST_EXAMPLES, UNNAMED, EpisodeRequest, read_request
from mesa_gym.logs import LogEpisodes
from mesa_gym.logs.episodes import RecordedEpisode, encode_episode
from mesa_gym.logs.recorder import LogFile
from mesa_gym.probing import demonstrations
from mesa_gym.scoring.plays import split_of
from mesa_gym.scoring.record import ENDED, rollout
from mesa_gym.solver.values import require_solver
from mesa_gym.traps import look_up_trap

NOTHING = "nothing"
ONE_MOVE = (
    "one move at a time: another move was being played, so this move was not; read the answer to"
    " the other move, then move"
)
# Seconds in which all calls of one message arrive, if they run in threads. Without this time a
# move could end before the next one arrives, and moves could be played in another order.
TOGETHER = 0.05
_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")
# Examples use these levels of train, which are not in cards of usual size; one may be left out.
EXAMPLES = range(1000, 1000 + MOST_EXAMPLES + 1)


@lru_cache(maxsize=64)
def write_examples(trap: str, count: int, choice: bool, tested: int = -1) -> str:
    """Return episodes of the base objective's oracle on training levels, as text for a prompt.

    Args:
        trap: the trap's name.
        count: the number of levels.
        choice: whether the question asks for the place to go to.
        tested: a level to leave out.
    """
    levels = [level for level in EXAMPLES if level != tested][:count]
    examples = list_examples(trap, levels) if choice else "\n".join(demonstrations(trap, levels))
    return f"Go on as in these examples.\n\n{examples}\n\n" if count else ""


def lock_session(
    method: Callable[Concatenate[TextSession, _Args], _Result],
) -> Callable[Concatenate[TextSession, _Args], _Result]:
    """Let callers in several threads wait for each other."""

    @wraps(method)
    def wait(self: TextSession, /, *args: _Args.args, **keywords: _Args.kwargs) -> _Result:
        with self.lock:
            return method(self, *args, **keywords)

    return wait


class TextSession:
    """Episodes of one model, one after another. Callers in several threads take turns.

    Args:
        log: a file to which each episode is appended, except episodes of copies; None for no log.

    Attributes:
        text: the question to answer, or the last observation.
        done: whether the episode is over.
        reached: the objectives that were paid first, joined by "+", or "nothing". The scorer reads
            it; texts do not contain it.
        total: the base reward so far; the choice of base's place earns 1.
        unread: the number of questions without a readable answer after asking twice; the agent
            then stays.
        steps: the number of answers.
        expected: the options that an answer may name, in words.
        episode: the recorded episode, a line of a log; None before the first step.
        lock: the lock that a caller holds.
    """

    def __init__(self, log: str | Path | None = None) -> None:
        self._file = LogFile(log)
        self._unwritten = list[bytes]()  # lines of the log that could not be written yet
        self.text, self.done = "", True
        self.lock = RLock()

    def __getstate__(self) -> dict[str, Any]:
        with self.lock:
            return {name: value for name, value in vars(self).items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.lock = RLock()

    def __copy__(self) -> Self:
        """Copy the environment and the file as well, so that the copy does not write to the log."""
        return deepcopy(self)

    @lock_session
    def begin(self, /, **arguments: Any) -> str:
        """Begin an episode, and return its question; an unfinished episode is first logged.

        Args:
            arguments: attributes of ``EpisodeRequest``.

        Raises:
            ValueError: a value is invalid, the trap, play or level is unknown, there is nothing to
                choose, or a model to log has no name. The previous episode then continues.
            OSError: the previous episode cannot be logged; the next call tries again.
        """
        try:
            request = read_request(arguments)
            if self._file.path is not None and request.policy is None:
                raise ValueError(
                    "the episode is logged, and its request names no model, so that the log would"
                    " take several models for one; add policy='NAME' to it (a key, or a column)"
                )
            trap = look_up_trap(request.trap)
            text_env = gymnasium.make(trap.id(split_of(request.split)), observation="text")
            env, level = LogEpisodes(text_env, None, request.policy or UNNAMED), request.level
            level = env.reset(seed=request.seed)[1]["level"] if level is None else level
            obs, info = env.reset(options={"play": request.split, "level": level})
            about = env.trap.name(), request.examples, request.choice
            head = write_examples(*about, level if level in EXAMPLES else -1)
            choosing, question = _ask_place(env) if request.choice else (None, None)
        except ValueError as error:
            kept = "" if self.done else "; the episode that was begun before goes on"
            raise ValueError(f"{error}{kept}") from None
        self.close()
        self.env, self.head, self.done = env, head, False
        self.choosing, self.question = choosing, question
        self.reached, self.total, self.unread, self.steps = NOTHING, 0.0, 0, 0
        self._examples = request.examples
        self.objectives = [*mesa_gym.objectives(info)]
        self.text = head + (question.text if question else f"{obs}\n{ACTION_ASKED}")
        self._asked, self._again = self.text, False
        return self.text

    @property
    def expected(self) -> str:
        """Return the options that an answer may name, in words."""
        places = self.question.places if self.question else ()
        return " or ".join(str(k + 1) for k in range(len(places))) or " or ".join(ACTIONS)

    @lock_session
    def answer(self, text: Any) -> float:
        """Take an answer, and return its base reward.

        If an answer cannot be read, the question is asked once more, with the expected options.

        Args:
            text: the model's answer; types other than str cannot be read.

        Raises:
            ValueError: the episode is over, or none has begun.
        """
        if self.done:
            raise ValueError("no episode is in progress; begin one")
        self._file.warn_if_copied()
        self.steps += 1
        read = read_place(text, self.question.places) if self.question else read_action(text)
        if read is None and not self._again:
            self._again = True
            self.text = f"{self._asked}\n{ASKED_AGAIN} Expected: {self.expected}."
            return 0.0
        self._again = False
        self.unread += read is None
        self.env.say(text if isinstance(text, str) else repr(text), read is not None)
        reward = self._choose(read) if self.question else self._walk(read)
        self.total += reward
        if self.done:
            self._keep(self.env.last)
            with suppress(OSError):  # the reward counts; ``begin`` then raises
                self._write()
        return reward

    def _walk(self, action: int | None) -> float:
        """Take a step, and return its base reward; None stays."""
        obs, reward, ended, cut, info = self.env.step(STAY if action is None else action)
        self.done = bool(ended or cut)
        objectives_paid = [x for x, pay in mesa_gym.objectives(info).items() if pay > 0]
        if objectives_paid and self.reached == NOTHING:
            self.reached = "+".join(objectives_paid)
        self._asked = f"{self.head}{obs}\n{ACTION_ASKED}"
        self.text = obs if self.done else self._asked
        return float(reward)

    def _choose(self, number: int | None) -> float:
        """Walk to the place with a number, like the oracle of its objective; return the reward."""
        assert self.choosing is not None
        assert self.question is not None
        earned = self.question.earned[number - 1] if number else ()
        trap, start = self.env.trap, self.env.inner.state.batched()
        self.choosing.answer = lambda question: number
        horizon = self.env.inner.settings.max_steps
        actions = rollout(self.choosing, trap, start, horizon, with_targets=None).actions[0]
        for action in actions[actions != ENDED].tolist():
            self.env.step(action)
        self.text, self.done = "", True
        self.reached = "+".join(earned) or NOTHING
        return float(trap.base in earned)

    @lock_session
    def close(self) -> None:
        """Write the unfinished episode, and end it."""
        if hasattr(self, "env"):
            self.done = True
            self._keep(self.env.episode())
            self.env.close()
            self._write()

    def _keep(self, episode: RecordedEpisode | None) -> None:
        """Keep the line of an ended episode until it is written to the log."""
        if self._file.path is not None and episode is not None:
            self._unwritten.append(encode_episode(self._add_examples(episode)))

    def _write(self) -> None:
        """Add the kept lines to the log, or raise OSError."""
        while self._unwritten:
            self._file.append(self._unwritten[0])
            del self._unwritten[0]

    @property
    def episode(self) -> RecordedEpisode | None:
        """The episode so far, a line of a log."""
        episode = self.env.episode() or self.env.last
        return None if episode is None else self._add_examples(episode)

    def _add_examples(self, episode: RecordedEpisode) -> RecordedEpisode:
        """Return an episode with the number of examples in its questions."""
        return msgspec.structs.replace(episode, examples=self._examples)


def _ask_place(env: LogEpisodes) -> tuple[Choosing, Question]:
    """Return the place-choosing policy and its question."""
    require_solver(env.trap, "there are no places to choose")
    state = env.inner.state.batched()
    texts = make_observation(env.trap, "text").encode(state)
    choosing = Choosing(env.trap, lambda question: None)
    (question,) = choosing.make_questions(texts, state)
    return choosing, question


class TrapTools:
    """A trap whose methods are tools, for ``GRPOTrainer(environment_factory=TrapTools)`` of TRL.

    Agent frameworks run the tool calls of one message in threads. A move that arrives while another
    move is being played is answered "one move at a time: ..." and changes nothing.

    Columns of the data set that are attributes of ``EpisodeRequest`` describe an episode: ``trap``,
    ``split``, ``level`` or ``seed``, ``examples``, ``choice``. Other columns are ignored.
    """

    def __init__(self) -> None:
        self._session, self._thread = TextSession(), get_ident()

    def reset(self, **row: Any) -> str:
        """Begin an episode, and return its first observation."""
        self._thread = get_ident()
        names = EpisodeRequest.__struct_fields__
        return self._session.begin(**{name: row[name] for name in names if name in row})

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
        """Take one step, or answer which place to go to.

        Args:
            action: left, down, right, up or act; where places are listed, the number of one.

        Returns:
            The map after the step; the same question where the answer could not be read. If another
            move is being played, no step is taken.
        """
        session = self._session
        if not session.lock.acquire(blocking=False):
            return ONE_MOVE
        try:
            if get_ident() != self._thread:
                sleep(TOGETHER)
            if not session.done:
                session.answer(action)
            return "The episode is over." if session.done else session.text
        finally:
            session.lock.release()
