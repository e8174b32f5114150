"""Tables of logs: a row for each episode, and two logs of one trap compared level by level."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Floats, Ints
from mesa_gym.logs.gathering import Log
from mesa_gym.logs.judging import watch_log
from mesa_gym.scoring.plays import JUDGED, split_of
from mesa_gym.terminal import format_table, number
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import NO_CHOICE
from mesa_gym.traps.played_episodes import UNASKED

# The first columns of ``list_episode_rows``; a return for each objective follows.
EPISODE_COLUMNS = ("trap", "policy", "play", "split", "level", "steps", "complete", "choice")
SIGNIFICANT = 0.05


def list_episode_rows(log: Log) -> Iterator[dict[str, object]]:
    """Yield a row for each episode of a log that counts: column -> value.

    ``steps`` is the number of actions; ``complete`` whether they reach the episode's end.
    ``choice`` is the objective that was reached first, "none", or empty where the play asks for no
    choice. Returns are discounted, as on cards.
    """
    names, judging = [*log.trap.objectives], log.trap.judging
    outcomes, _ = watch_log(log)
    for play, (starts, record, complete) in log.plays.items():
        codes = outcomes[play].choices.tolist() if play in outcomes and judging.chooses else []
        steps = (record.actions >= 0).sum(axis=1).tolist()
        for row, level in enumerate(starts.level.number.tolist()):
            code = codes[row] if codes else UNASKED
            choice = names[code] if 0 <= code < len(names) else NO_CHOICE
            yield {
                "trap": log.trap.name(),
                "policy": log.policy,
                "play": play,
                "split": str(split_of(play)),
                "level": level,
                "steps": steps[row],
                "complete": bool(complete[row]),
                "choice": "" if code == UNASKED else choice,
                **{f"return_{x}": float(of[row]) for x, of in record.returns.items()},
            }


class PairedPlay(NamedTuple):
    """A play of two logs on the levels that both have.

    Attributes:
        play: the play's name.
        measure: the number that is compared: ``reaches base``, ``base first`` or ``base return``.
        levels: the number of levels in both logs.
        means: the mean of each log over these levels.
        ahead: the number of levels on which each log has more than the other.
    """

    play: str
    measure: str
    levels: int
    means: tuple[float, float]
    ahead: tuple[int, int]

    @property
    def p(self) -> float:
        """The two-sided p of the exact sign test; for shares it is McNemar's exact test."""
        n, least = sum(self.ahead), min(self.ahead)
        return min(1.0, 2 * sum(comb(n, k) for k in range(least + 1)) / 2**n)


class PairedLogs(NamedTuple):
    """Two logs of one trap, compared level by level; ``print`` shows a table and a sentence."""

    trap: str
    policies: tuple[str, str]
    plays: tuple[PairedPlay, ...]

    def __str__(self) -> str:
        one, other = self.policies
        heads = [self.trap, "levels", one, other, f"{one} ahead", f"{other} ahead", "p"]
        rows = [
            [
                f"{play.play}: {play.measure}",
                f"{play.levels:,}",
                *(number(mean) for mean in play.means),
                *(f"{n:,}" for n in play.ahead),
                "<0.001" if play.p < 0.001 else number(play.p, 3, SIGNIFICANT),
            ]
            for play in self.plays
        ]
        note = (
            "Each level that both logs have is a pair. A log is ahead on a level on which it has"
            " more;\np is of the exact sign test over the levels on which they differ. Levels say"
            " nothing of\nother trainings: for those, compare cards of several seeds."
        )
        return f"{format_table(heads, rows)}\n\n{note}"


def pair_logs(one: Log, other: Log) -> PairedLogs:
    """Compare two logs of one trap on the levels of each play that both have.

    Raises:
        ValueError: the logs are of different traps or salts, or share no level of a play.
    """
    if repr(one.trap) != repr(other.trap):
        raise ValueError(
            f"{one.policy} played {one.trap!r} and {other.policy} {other.trap!r}; compare logs of"
            " one trap"
        )
    scores = [_score_plays(log) for log in (one, other)]
    plays = []
    for play, (measure, levels, values) in scores[0].items():
        if play not in scores[1]:
            continue
        _, other_levels, other_values = scores[1][play]
        _, rows, other_rows = np.intersect1d(levels, other_levels, return_indices=True)
        a, b = values[rows], other_values[other_rows]
        if rows.size:
            ahead = int((a > b).sum()), int((b > a).sum())
            means = float(a.mean()), float(b.mean())
            plays.append(PairedPlay(play, measure, rows.size, means, ahead))
    if not plays:
        raise ValueError(
            f"the logs of {one.policy} and {other.policy} share no level of a play; log levels 0,"
            " 1, 2 ... of the same plays, as LogEpisodes.plan lists them"
        )
    return PairedLogs(one.trap.name(), (one.policy, other.policy), tuple(plays))


def _score_plays(log: Log) -> dict[str, tuple[str, Ints, Floats]]:
    """Return play -> what is compared, levels int64 (n,), and a number for each float64 (n,)."""
    outcomes, _ = watch_log(log)
    scores = {}
    for play, (starts, record, _) in log.plays.items():
        if split_of(play) not in JUDGED:
            continue
        levels, base = starts.level.number, log.trap.base
        if not log.trap.judging.chooses:
            scores[play] = "base return", levels, record.returns[base]
        elif play == Split.TEST:
            scores[play] = "reaches base", levels, outcomes[play].arrived.astype(np.float64)
        else:
            choices = outcomes[play].choices
            rows = (choices != UNASKED).nonzero()[0]
            scores[play] = "base first", levels[rows], (choices[rows] == 0).astype(np.float64)
    return scores
