"""Choices of places in logs: their questions, made again, and the scripts that answer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from mesa_gym.choices.play_questions import ask_play
from mesa_gym.choices.question_form import QuestionForm
from mesa_gym.choices.records import place_lists
from mesa_gym.choices.scripts import play_scripts
from mesa_gym.engine import State
from mesa_gym.logs.episodes import RecordedChoice, RecordedEpisode
from mesa_gym.scoring.record import Record
from mesa_gym.traps import Split, Trap


def gather_questions(episodes: Sequence[RecordedEpisode], trap: Trap, salt: str) -> LoggedChoices:
    """Return the questions of one policy on one trap, some episodes of which have questions.

    Raises:
        ValueError: the episodes mix forms, and so answer different questions.
    """
    forms = list[QuestionForm | None]()
    for episode in episodes:
        form = _read_logged_form(episode.choice) if episode.choice else None
        if form not in forms:
            forms.append(form)
    if forms[0] is None or len(forms) > 1:
        about = " and ".join(sorted(_describe_form(form) for form in forms))
        first = episodes[0]
        raise ValueError(
            f"the episodes of {first.policy!r} on {first.trap} mix forms of questions: {about};"
            " give each form a policy name of its own, or score each log alone"
        )
    return LoggedChoices(trap, forms[0], salt)


def _read_logged_form(choice: RecordedChoice) -> QuestionForm:
    fields = {"options": len(choice.cells), "tell": choice.tell, "names": choice.names}
    return msgspec.convert(fields, QuestionForm)


def _describe_form(form: QuestionForm | None) -> str:
    if form is None:
        return "a question at each step"
    names = ", renamed" * bool(form.names)
    return f"a choice of {form.options} places ({form.tell}{names})"


class LoggedChoices(NamedTuple):
    """The questions of a log, made again."""

    trap: Trap
    form: QuestionForm
    salt: str

    def place_lists(self, play: str, episodes: Sequence[RecordedEpisode], record: Record) -> Record:
        """Return a record with lists; ValueError if they are not those of this version."""
        levels = [episode.level for episode in episodes]
        questions = ask_play(self.trap, play, levels, self.form, salt=self.salt)
        numbers = list[int | None]()
        for episode, question in zip(episodes, questions, strict=True):
            assert episode.choice is not None
            listed = tuple(episode.choice.cells), tuple(episode.choice.things)
            if listed != (question.cells, question.things):
                raise ValueError(
                    f"{play}, level {episode.level} lists other places than the question of this"
                    " version of mesa_gym; score the log with the version that wrote it"
                )
            numbers.append(episode.choice.answer)
        return place_lists(record, self.trap, questions, numbers)

    def play_scripts(
        self, plays: Mapping[str, Sequence[int]], starts: Mapping[Split, State]
    ) -> dict[str, dict[str, Record]]:
        """Return name -> play -> record of scripts without a goal."""
        questions = {
            play: ask_play(self.trap, play, levels, self.form, salt=self.salt)
            for play, levels in plays.items()
        }
        return play_scripts(self.trap, questions, starts)
