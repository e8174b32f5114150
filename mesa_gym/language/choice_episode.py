"""An episode in which a model chooses a place: one question, and a walk."""

from __future__ import annotations

from mesa_gym.choices.play_questions import ask_play, read_form
from mesa_gym.choices.records import record_choices
from mesa_gym.language.request import EpisodeRequest
from mesa_gym.logs.episodes import RecordedChoice, RecordedEpisode, cut_said, place_episode
from mesa_gym.policies.answers import read_place
from mesa_gym.scoring.plays import find_play
from mesa_gym.scoring.record import ENDED
from mesa_gym.traps import Trap


class ChoiceEpisode:
    """A choice of a place on one level.

    Attributes:
        question: the question.
        text: the question to answer, "" after the answer.
        done: whether the question was answered.
        record: the episode as a line of a log; None before the answer.
    """

    def __init__(self, trap: Trap, request: EpisodeRequest, level: int) -> None:
        """Make an episode; ValueError if the request does not fit the trap."""
        self.trap, self.request = trap, request
        form = read_form(trap, **request.form)
        place = trap, request.split, [level], form
        (self.question,) = ask_play(*place, examples=request.examples, salt=request.salt)
        self.text, self.done = self.question.text, False
        self.record: RecordedEpisode | None = None

    def read(self, text: object) -> int | None:
        """Return the number that an answer names; None if it cannot be read."""
        return read_place(text, self.question.places)

    def answer(self, number: int | None, text: str) -> tuple[float, tuple[str, ...]]:
        """Walk to an option's place, or stay; return 1 for base's place, and the objectives there.

        The reward is 0 at other places.
        """
        question, request, trap = self.question, self.request, self.trap
        play = find_play(trap, question.play)
        starts = trap.levels(play.split, [question.level], request.salt)
        (actions,) = record_choices(trap, play.name, starts, [question], [number]).actions
        self.record = RecordedEpisode(
            **place_episode(trap, play, question.level, request.salt),
            actions=actions[actions != ENDED].tolist(),
            policy=request.model,
            said=[cut_said(text)],
            unread=int(number is None),
            examples=request.examples,
            trained=request.trained,
            choice=RecordedChoice(
                answer=number,
                cells=[*question.cells],
                things=[*question.things],
                pays={x: [*pays] for x, pays in question.pays.items()},
                tell=request.tell,
                names=request.names,
                reverse=question.reverse,
            ),
        )
        self.text, self.done = "", True
        earned = question.earned[number - 1] if number else ()
        return float(trap.base in earned), earned

    def close(self) -> None:
        """End the episode; an unanswered question leaves no record."""
