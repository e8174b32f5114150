"""Sessions of language models: questions and answers as text, until the episode ends.

A model is asked for an action at each step, or once for the place to go to first. Servers, tasks
and trainers use these sessions. The model never reads which goal was reached.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import wraps
from pathlib import Path
from threading import RLock, get_ident
from time import sleep
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from mesa_gym.choices.questions import Question
from mesa_gym.language.choice_episode import ChoiceEpisode
from mesa_gym.language.request import EpisodeRequest, read_request
from mesa_gym.language.step_episode import STEP_OPTIONS, StepEpisode, draw_level
from mesa_gym.logs.episodes import RecordedEpisode
from mesa_gym.logs.recorder import LogFile
from mesa_gym.policies.answers import ASKED_AGAIN
from mesa_gym.policies.callables import refuse_awaitable

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
        self.text, self.done = "", True
        self._playing: ChoiceEpisode | StepEpisode | None = None
        self.lock = RLock()

    def __getstate__(self) -> dict[str, object]:
        with self.lock:
            return {name: value for name, value in vars(self).items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.lock = RLock()

    def __copy__(self) -> Self:
        """Copy the environment and the file as well, so that the copy does not write to the log."""
        return deepcopy(self)

    @lock_session
    def begin(self, /, **arguments: object) -> str:
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
            trap, level = request.make_trap(), request.level
            if level is None:
                level = draw_level(trap, request)
            kind = ChoiceEpisode if request.choice else StepEpisode
            playing: ChoiceEpisode | StepEpisode = kind(trap, request, level)
        except ValueError as error:
            kept = "" if self.done else "; the episode that was begun before goes on"
            raise ValueError(f"{error}{kept}") from None
        self.close()
        self._playing = playing
        self.reached, self.total, self.unread, self.steps = NOTHING, 0.0, 0, 0
        self.objectives, self.done = [*trap.objectives], False
        self.text, self._again = playing.text, False
        return self.text

    @property
    def begun(self) -> bool:
        """Whether an episode was begun."""
        return self._playing is not None

    @property
    def question(self) -> Question | None:
        """The question of a choice; None if the model is asked at each step."""
        return None if self._playing is None else self._playing.question

    @property
    def expected(self) -> str:
        """Return the options that an answer may name, in words."""
        return STEP_OPTIONS if self.question is None else self.question.numbers

    @lock_session
    def answer(self, text: object) -> float:
        """Take an answer, and return its base reward.

        If an answer cannot be read, the question is asked once more, with the expected options.

        Args:
            text: the model's answer; types other than str cannot be read.

        Raises:
            ValueError: the episode is over, or none has begun.
            PolicyError: the answer was not awaited.
        """
        refuse_awaitable(text, "await it: session.answer(await ask(session.text))")
        if self.done or self._playing is None:
            raise ValueError("no episode is in progress; begin one")
        self._file.warn_if_copied()
        self.steps += 1
        read = self._playing.read(text)
        if read is None and not self._again:
            self._again = True
            self.text = f"{self._playing.text}\n{ASKED_AGAIN} Expected: {self.expected}."
            return 0.0
        self._again = False
        self.unread += read is None
        answer_text = text if isinstance(text, str) else repr(text)
        reward, objectives_paid = self._playing.answer(read, answer_text)
        self.text, self.done = self._playing.text, self._playing.done
        if objectives_paid and self.reached == NOTHING:
            self.reached = "+".join(objectives_paid)
        self.total += reward
        if self.done:
            with suppress(OSError):  # the reward counts; ``begin`` then raises
                self._file.append(self.episode)
        return reward

    @lock_session
    def close(self) -> None:
        """Write the unfinished episode, and end it."""
        unfinished = None if self.done else self.episode
        if self._playing is not None:
            self._playing.close()
        self.done = True
        self._file.append(unfinished)

    @property
    def episode(self) -> RecordedEpisode | None:
        """The episode so far, a line of a log."""
        return None if self._playing is None else self._playing.record


class TrapTools:
    """A trap whose methods are tools, for ``GRPOTrainer(environment_factory=TrapTools)`` of TRL.

    Agent frameworks run the tool calls of one message in threads. A move that arrives while another
    move is being played is answered "one move at a time: ..." and changes nothing.

    Columns of the data set that are attributes of ``EpisodeRequest`` describe an episode: ``trap``,
    ``split``, ``level`` or ``seed``, ``examples``, ``choice`` and so on. Other columns are ignored.
    """

    def __init__(self) -> None:
        self._session, self._thread = TextSession(), get_ident()

    def reset(self, **row: object) -> str:
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
