"""Grouping of logged episodes by trap, policy and play, with remarks on irregular episodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Bools, State
from mesa_gym.logs.episodes import MOST_NAMED, RecordedEpisode, align_actions, trap_of
from mesa_gym.logs.logged_choices import LoggedChoices, gather_questions
from mesa_gym.logs.texts import compare_texts
from mesa_gym.scoring.card import salt_digest
from mesa_gym.scoring.plays import JUDGED, Play, find_play
from mesa_gym.scoring.record import Record, replay
from mesa_gym.traps import Trap


class LoggedPlay(NamedTuple):
    """The episodes of some levels of a play."""

    starts: State  # the split's start states, before the play changes them, ascending by number
    record: Record
    whole: Bools  # (n,), whether each episode is complete


@dataclass(frozen=True, eq=False)
class Log:
    """The episodes of one policy on one trap."""

    trap: Trap
    policy: str
    salt: str  # the salt with which the levels were drawn
    n_questions: int  # in all plays
    n_unread: int  # questions without a readable answer
    plays: dict[str, LoggedPlay] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    # Plays with most levels logged more than once, such as "60 of 100 of test".
    repeated: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)  # on texts that contradict the actions
    examples: list[int] = field(default_factory=list)  # solved examples per episode, if known
    trained: bool = False  # whether each episode's model was trained on the trap
    questions: LoggedChoices | None = None  # if the model chose places


def gather_logs(episodes: Iterable[RecordedEpisode], salt: str = "") -> tuple[list[Log], list[str]]:
    """Return episodes grouped by policy and trap, and a sentence on each group left out.

    Args:
        episodes: episodes in any order. If a level of a play has several episodes, the first one
            counts, or the longest one that continues its actions and texts (``keep_answers``).
        salt: the salt with which the levels were drawn.

    Raises:
        ValueError: an episode was recorded with another salt.
    """
    groups: dict[str, list[RecordedEpisode]] = {}
    kinds: dict[str, str] = {}
    for episode in episodes:
        if episode.salt != salt_digest(salt):
            raise ValueError(
                f"{episode.play}, level {episode.level} was recorded with another salt; add"
                " --salt SALT"
            )
        written = repr((episode.trap, episode.size, episode.parameters))
        if written not in kinds:
            kinds[written] = _name_kind(episode, written)
        groups.setdefault(repr((kinds[written], episode.policy)), []).append(episode)
    logs, notes = [], []
    for group in groups.values():
        first = group[0]
        try:
            trap = trap_of(first.trap, first.size, first.parameters)
        except ValueError as error:
            notes.append(f"{_count(group)} left out: {error}")
            continue
        questions = None
        if any(x.choice for x in group):
            questions = gather_questions(group, trap, salt)
        log = Log(
            trap,
            first.policy,
            salt,
            sum(x.n_questions for x in group),
            sum(x.unread for x in group),
            trained=all(x.trained for x in group),
            questions=questions,
        )
        log.examples.extend(x.examples for x in group if x.examples is not None)
        log.doubts.extend(compare_texts(group))
        _gather_plays(log, group)
        logs.append(log)
    return logs, notes


def _name_kind(episode: RecordedEpisode, written: str) -> str:
    """Return one text for a trap with its parameters, which files may write in several ways."""
    try:
        return repr(trap_of(episode.trap, episode.size, episode.parameters))
    except ValueError:
        return written


def _gather_plays(log: Log, episodes: Sequence[RecordedEpisode]) -> None:
    """Add plays to a log, from episodes of one policy on one trap."""
    by_play: dict[tuple[str, str], list[RecordedEpisode]] = {}
    for episode in episodes:
        by_play.setdefault((episode.play, episode.split), []).append(episode)
    for (name, split), group in by_play.items():
        try:
            play = find_play(log.trap, name)
            if split != play.split:
                raise ValueError(f"play {name!r} is of the split {play.split}, not {split!r}.")
        except ValueError as error:
            log.notes.append(f"{_count(group)} left out: {error}")
            continue
        if (play_record := _gather_play(log, play, group)) is not None:
            log.plays[name] = play_record


def _gather_play(log: Log, play: Play, episodes: Sequence[RecordedEpisode]) -> LoggedPlay | None:
    """Return a play's episodes; None if the rules exclude all of them."""
    first: dict[int, RecordedEpisode] = {}
    differing = set[int]()
    for episode in episodes:
        kept = first.get(episode.level)
        if kept is None or _continues(episode, kept):  # a failed program was run again
            first[episode.level] = episode
        elif not _continues(kept, episode):
            differing.add(episode.level)
    levels = np.array(sorted(first), dtype=np.int64)
    if twice := sorted(differing):
        if play.split in JUDGED and 2 * len(twice) > len(levels):
            log.repeated.append(f"{len(twice)} of {len(levels)} of {play.name}")
        log.notes.append(f"Logged more than once, of which the first counts: {_name(play, twice)}.")
    starts = log.trap.levels(play.split, levels, log.salt)
    there = play.change(starts)
    counted = [first[level] for level in levels.tolist()]
    done, ends = align_actions(counted, play, log.trap, there)
    lengths = np.array([len(episode.actions) for episode in counted])
    possible = (lengths <= ends) & (lengths > 0)
    if not possible.all():
        bad = levels[~possible].tolist()
        log.notes.append(f"Left out, as the rules do not allow it: {_name(play, bad)}.")
    if short := levels[possible & (lengths < ends)].tolist():
        log.notes.append(f"Cut before the end, and counted as it is: {_name(play, short)}.")
    rows = possible.nonzero()[0]
    if not rows.size:
        return None
    possible_starts = starts.take(rows)
    originals = possible_starts if play.takes_away else None
    record = replay(log.trap, there.take(rows), done[rows], originals)
    if log.questions is not None:
        episodes_of_record = [counted[row] for row in rows.tolist()]
        record = log.questions.place_lists(play.name, episodes_of_record, record)
    return LoggedPlay(possible_starts, record, (lengths == ends)[rows])


def _continues(longer: RecordedEpisode, shorter: RecordedEpisode) -> bool:
    """Return whether one episode begins with another's actions and texts; False without texts."""
    actions, n_texts = len(shorter.actions), len(shorter.said)
    same = longer.actions[:actions] == shorter.actions and longer.said[:n_texts] == shorter.said
    return same and n_texts > 0


def _name(play: Play, levels: Sequence[int]) -> str:
    """Return text such as "3 episodes of test (level 1, 5, 9)", with at most five levels."""
    named = ", ".join(map(str, levels[:MOST_NAMED])) + ", ..." * (len(levels) > MOST_NAMED)
    return f"{_count(levels)} of {play.name} (level {named})"


def _count(episodes: Sequence[object]) -> str:
    return f"{len(episodes):,} episode{'s' * (len(episodes) > 1)}"
