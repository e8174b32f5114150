"""Questions of logged choices, made again, for ``logs.gathering.LoggedQuestions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mesa_gym.engine import State
from mesa_gym.language.choices.play_questions import ask_play
from mesa_gym.language.choices.records import place_lists
from mesa_gym.language.choices.scripts import play_scripts
from mesa_gym.logs.episodes import RecordedEpisode
from mesa_gym.scoring.question_form import QuestionForm
from mesa_gym.scoring.record import Record
from mesa_gym.traps import Split, Trap


class LoggedChoices(NamedTuple):
    """The questions of one policy on one trap."""

    trap: Trap
    form: QuestionForm
    salt: str

    def place_lists(self, play: str, episodes: Sequence[RecordedEpisode], record: Record) -> Record:
        """Return the record of a play's episodes with the lists of places of its questions.

        Raises:
            ValueError: a list is not the list of this version's question.
        """
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
        """Return name -> play -> record of scripts that choose places without a goal."""
        questions = {
            play: ask_play(self.trap, play, levels, self.form, salt=self.salt)
            for play, levels in plays.items()
        }
        return play_scripts(self.trap, questions, starts)
