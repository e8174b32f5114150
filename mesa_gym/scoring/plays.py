"""Plays: the sets of levels that a policy is put through, in this order.

``train``, ``test``, ``control`` and ``shift`` are a trap's own levels. ``again`` is the shift once
more, with independent samples, and ``twins`` are its levels with the targets of base and a proxy
exchanged. ``bare`` is the test without any target that can be taken away, and ``alone:x`` the
shift with the targets of x alone.

An agent with a memory may change with time. So its plays are cut into parts by a hash of
the levels, and the parts are played in turns (``take_turns``): no play comes before another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from mesa_gym.engine import Ints, State
from mesa_gym.engine.chance import streams
from mesa_gym.errors import UnknownNameError, unknown
from mesa_gym.policies import Policy
from mesa_gym.scoring.record import Record, rollout
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import AGAIN, ALONE, BARE, TWINS
from mesa_gym.traps.played_episodes import Episodes

# Plays that some traps lack, and why.
LACKED = {
    TWINS: "twins, as its targets cannot be exchanged",
    BARE: "bare levels, as its targets cannot be taken away",
}
# Levels of plays whose targets are taken away, and of all plays of the nulls.
FEW_LEVELS = 250
MOST_LEVELS = 1_000_000
MOST_SEED = (1 << 64) - 1
# In so many rounds an agent that remembers plays a part of each play of a split.
ROUNDS = 8
# A null has no training, so that it is played where agents are judged.
JUDGED = (Split.TEST, Split.SHIFT)


@dataclass(frozen=True, eq=False)
class Play:
    """A set of levels, and the change that is made to them."""

    trap: Trap
    name: str  # samples of actions depend on it
    split: Split
    change: Callable[[State], State]  # returns the split's start states as the play has them
    takes_away: bool  # whether targets are removed; then their ghosts pay (``Record.paid``)
    most: int  # the levels below this number are played
    steps: int  # the time limit


def plays_of(trap: Trap) -> dict[str, Play]:
    """Return name -> play, every play that a score card of the trap takes."""
    changes: dict[str, Callable[[State], State]] = {TWINS: trap.twins, BARE: trap.isolate}
    plays = {}
    for name in (*map(str, Split), *trap.judging.plays(trap)):
        split, away = split_of(name), name.startswith((BARE, ALONE))
        if name.startswith(ALONE):
            changes[name] = partial(trap.isolate, kept=name.removeprefix(ALONE))
        most = FEW_LEVELS if away else MOST_LEVELS
        change = changes.get(name, _keep)
        plays[name] = Play(trap, name, split, change, away, most, trap.horizon(split))
    return plays


def _keep(starts: State) -> State:  # a lambda cannot be pickled, and logs with plays can
    return starts


def take_turns(keys: Mapping[str, Ints]) -> Iterator[tuple[str, Ints]]:
    """Yield parts of plays in the order in which an agent that remembers plays them.

    In each round there is a part of each play; which levels it has is a hash of play and level. The
    order is that of Williams (1949): each play is early and late, odd and even, and behind each
    other one about as often, so that an agent that alternates favours no play.

    Args:
        keys: name of a play -> ``state.level.key`` of its levels; one play alone is not cut.

    Yields:
        the name of a play, and rows of its levels, int64 (m,): every row of every play once.
    """
    rounds = ROUNDS if len(keys) > 1 else 1
    parts = {name: streams(0, key, f"part/{name}") % rounds for name, key in keys.items()}
    names = sorted(keys)
    for number in range(rounds):
        for turn in range(len(names)):
            # 0, 1, -1, 2, -2 and so on, and in each round one more.
            step = (turn + 1) // 2 if turn % 2 else -turn // 2
            name = names[(step + number) % len(names)]
            rows = (parts[name] == number).nonzero()[0]
            if rows.size:
                yield name, rows


def find_play(trap: Trap, name: str) -> Play:
    """Return a play of a trap by its name; UnknownNameError where the trap lacks it."""
    plays = plays_of(trap)
    if name in plays:
        return plays[name]
    if name in LACKED:
        raise UnknownNameError(f"{trap.name()} has no {LACKED[name]}; it has {', '.join(plays)}")
    raise unknown(f"play of {trap.name()}", name, plays)


def split_of(name: str) -> Split:
    """Return the split of a play's levels, on any trap; UnknownNameError for an unknown name."""
    if name in set(Split):
        return Split(name)
    if name in (AGAIN, TWINS) or name.startswith(ALONE):
        return Split.SHIFT
    if name == BARE:
        return Split.TEST
    raise unknown("play", name, (*map(str, Split), AGAIN, TWINS, BARE, f"{ALONE}<objective>"))


def has_twins(trap: Trap | type[Trap]) -> bool:
    """Return whether the twins of a trap's levels are played."""
    return TWINS in trap.judging.plays(trap)


# -- playing ---------------------------------------------------------------------------------------


def play_changed(
    play: Play, policy: Policy, starts: State, seed: int = 0, agent: str = ""
) -> Record:
    """Let a policy play the levels that start in ``starts``, as the play has them."""
    with_targets = starts if play.takes_away else None
    return rollout(
        policy, play.trap, play.change(starts), play.steps, seed, agent, play.name, with_targets
    )


def watch_plays(
    trap: Trap, records: Mapping[str, Record], values: Mapping[Split, LevelValues]
) -> Episodes:
    """Return the episodes by which a policy is judged, of its records by play.

    A play may have only the first of the levels that have values.
    """
    parts = []
    for play, record in records.items():
        if (split := split_of(play)) in JUDGED:
            worth = values[split].take(slice(len(record.actions)))
            parts.append(trap.judging.watch(trap, play, record, worth))
    return Episodes.join(parts)
