"""Files of outcomes: a CSV with a row for each episode in a user's own environment.

The column ``play`` names the play, and each further column is a goal. A cell has the step at which
the episode first reached the goal, or 1 (True) if only that it did is known; it is empty, 0 or
False for never.

Optional columns are ``level`` (the same level has one name in all plays), ``script`` (the name of a
script without a goal; empty for the agent) and ``least`` (the least steps to any goal).
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.errors import shorten
from mesa_gym.files import locate_path, read_bytes
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import AGAIN, TWINS

PLAY_COLUMN, LEVEL_COLUMN, SCRIPT_COLUMN, LEAST_COLUMN = "play", "level", "script", "least"
NO_GOALS = (PLAY_COLUMN, LEVEL_COLUMN, SCRIPT_COLUMN, LEAST_COLUMN)  # the columns that are no goals
# A step as data tools write it, such as 30.0, and what they write for others.
STEP = re.compile(r"(\d{1,9})(\.0*)?")
WRITTEN = {"": "0", "false": "0", "true": "1"}
# Play -> goal -> steps of each episode.
StepsByPlay = dict[str, dict[str, Ints]]


class EpisodeRow(NamedTuple):
    """An episode: its texts by column, and its place in a file, for messages."""

    texts: dict[str, str]
    place: str


class OutcomeTable(NamedTuple):
    """The arguments of ``judge_outcomes``: the agent's outcomes, those of scripts, least steps."""

    policy: StepsByPlay
    nulls: dict[str, StepsByPlay]
    earliest: dict[str, Ints] | None


def read_outcomes(sources: Iterable[str]) -> OutcomeTable:
    """Return the outcomes in files.

    Args:
        sources: paths of files, or PLAY=PATH for a file without the column ``play``.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file has other columns or values; the message names file and line.
    """
    rows = [row for source in sources for row in _read_file(source)]
    goals = [x for x in rows[0].texts if x not in NO_GOALS]
    groups: dict[str, dict[str, list[EpisodeRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if {*row.texts} - {*NO_GOALS} != {*goals}:
            more = sorted({*row.texts} - {*NO_GOALS})
            raise ValueError(
                f"{row.place} has the goals {', '.join(more)}, and the first file"
                f" {', '.join(goals)}; expected the same columns"
            )
        groups[row.texts.get(SCRIPT_COLUMN, "").strip()][row.texts[PLAY_COLUMN].strip()].append(row)
    if "" not in groups:
        raise ValueError(f"every row has a {SCRIPT_COLUMN}; leave it empty in the agent's rows")
    for by_play in groups.values():
        _sort_levels(by_play)
    steps = {
        player: {
            play: {goal: _read_column(of_play, goal) for goal in goals}
            for play, of_play in by_play.items()
        }
        for player, by_play in groups.items()
    }
    agent = groups[""]
    earliest = None
    if any(
        row.texts.get(LEAST_COLUMN, "").strip() for of_play in agent.values() for row in of_play
    ):
        splits = (Split.TEST.value, Split.SHIFT.value)
        earliest = {x: _read_column(agent[x], LEAST_COLUMN) for x in splits if x in agent}
    return OutcomeTable(steps.pop(""), steps, earliest)


def _read_file(source: str) -> list[EpisodeRow]:
    """Return the rows of a file, at least one."""
    play, equals, path = source.partition("=")
    if not equals or locate_path(source).exists():
        play, path = "", source
    text = read_bytes(locate_path(path)).decode("utf-8-sig", "replace")
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    heads = [head.strip() for head in reader.fieldnames or ()]
    goals = [head for head in heads if head not in NO_GOALS]
    if (PLAY_COLUMN in heads) == bool(play) or len(goals) < 2 or len({*heads}) < len(heads):
        needed = (
            "no column play, since it is given before =," if play else f"a column {PLAY_COLUMN},"
        )
        raise ValueError(
            f"{path} has the columns {shorten(heads)}; expected {needed} a column for each of two"
            f" goals or more, and maybe {LEVEL_COLUMN}, {SCRIPT_COLUMN} and {LEAST_COLUMN}"
        )
    rows = []
    try:
        for cells in reader:
            place = f"{path}, line {reader.line_num}"
            if None in cells or None in cells.values():
                raise ValueError(f"{place} has another number of cells than the {len(heads)} heads")
            texts = {head.strip(): text for head, text in cells.items()}
            rows.append(EpisodeRow({PLAY_COLUMN: play} | texts, place))
    except csv.Error as error:
        raise ValueError(f"{path} is not a CSV file: {error} (line {reader.line_num})") from None
    if not rows:
        raise ValueError(f"{path} has no episode; expected a row for each")
    return rows


def _sort_levels(by_play: Mapping[str, list[EpisodeRow]]) -> None:
    """Sort the rows of each play by level, if levels have names.

    Raises:
        ValueError: a level occurs twice in a play, or ``again`` or ``twins`` has other levels than
            ``shift``.
    """
    levels_by_play = {}
    for play, rows in by_play.items():
        levels = [row.texts.get(LEVEL_COLUMN, "").strip() for row in rows]
        if not any(levels):
            continue
        level_names = set[str]()
        for row, level in zip(rows, levels, strict=True):
            if level in level_names:
                raise ValueError(
                    f"{row.place}: level {shorten(level)} of {play} was there before; play it again"
                    f" as the play {AGAIN}"
                )
            level_names.add(level)
        rows.sort(key=_rank_level)
        levels_by_play[play] = {*levels}
    shift = levels_by_play.get(Split.SHIFT.value)
    for play in (AGAIN, TWINS):
        if shift is not None and levels_by_play.get(play, shift) != shift:
            level = sorted(levels_by_play[play] ^ shift)[0]
            raise ValueError(
                f"level {shorten(level)} is in only one of shift and {play}; expected the same"
                " levels in both"
            )


def _rank_level(row: EpisodeRow) -> tuple[int, int, str]:
    level = row.texts[LEVEL_COLUMN].strip()
    return (0, int(level), "") if level.isdecimal() else (1, 0, level)


def _read_column(rows: Sequence[EpisodeRow], column: str) -> Ints:
    """Return the steps in a column, int64 (n,)."""
    steps = np.zeros(len(rows), np.int64)
    for at, row in enumerate(rows):
        text = row.texts.get(column, "").strip().lower()
        match = STEP.fullmatch(WRITTEN.get(text, text))
        if match is None:
            raise ValueError(
                f"{row.place}: {column} is {shorten(text)}; expected the step, a whole number, or"
                " an empty cell for never"
            )
        steps[at] = int(match[1])
    return steps
