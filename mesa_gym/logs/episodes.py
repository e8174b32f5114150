"""Recorded episodes: one line of JSON each, with the level and its actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from mesa_gym.contents import name_content
from mesa_gym.engine import ACTIONS, STAY, Ints, State
from mesa_gym.errors import shorten_text, unknown
from mesa_gym.files import write_bytes
from mesa_gym.json_data import Text, decode_json, require
from mesa_gym.scoring.card import salt_digest
from mesa_gym.scoring.plays import Play, find_play, split_of
from mesa_gym.scoring.record import ENDED, Actions, Record, replay
from mesa_gym.traps import LEVELS, Trap, look_up_trap

# Greater sides of a grid or parameters of a trap would fill the memory.
Small = Annotated[int, Meta(ge=1, le=255)]
Size = tuple[Small, Small]
ParameterValue = Annotated[int, Meta(ge=-255, le=255)] | float | Text | None
Parameters = Annotated[dict[str, ParameterValue], Meta(max_length=100)]
Action = Annotated[int, Meta(ge=0, lt=len(ACTIONS))]
MOST_SAID = 100_000  # characters before a step
MOST_NAMED = 5  # lines or levels that a sentence names
Said = Annotated[str, Meta(max_length=MOST_SAID)]


class RecordedEpisode(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """The actions of one episode, and the level that it was on.

    Attributes:
        trap: name with version.
        split: whose level it is.
        level: its number.
        play: which play of the level (``plays_of``).
        actions: 0 to 4, from the start on.
        policy: what acted.
        size: (height, width) in cells; None for the trap's default.
        parameters: the trap's; those that are missing have their defaults.
        salt: ``salt_digest`` of the salt that the level was drawn with.
        said: what was said before each step, "" for nothing; it ends with the last text.
        unread: how many of these texts could not be read, so that the agent stood still.
        examples: the number of solved examples in each question to a model; None if unknown.
    """

    trap: Text
    split: Text
    level: Annotated[int, Meta(ge=0, lt=LEVELS)]
    play: Text
    actions: list[Action]
    policy: Text = "agent"
    size: Size | None = None
    parameters: Parameters = {}
    salt: str = ""
    said: list[Said] = []
    unread: Annotated[int, Meta(ge=0)] = 0
    examples: Annotated[int, Meta(ge=0)] | None = None

    def __post_init__(self) -> None:
        for name in ("trap", "split", "play", "policy"):
            require(name, getattr(self, name), Text)


def record_plays(
    trap: Trap,
    policy: str,
    plays: Mapping[str, Record],
    salt: str = "",
    examples: int | None = None,
) -> Iterator[RecordedEpisode]:
    """Yield the episodes of records that begin with level 0, play by play.

    Args:
        trap: the rules.
        policy: the name of what acted.
        plays: play -> its record, as ``score_all`` hands them to ``played``.
        salt: an evaluator's secret, of which the episodes hold the digest alone.
        examples: the number of solved examples in each question to a model.
    """
    for name, record in plays.items():
        for level, done in enumerate(record.actions):
            steps = int((done != ENDED).sum())
            texts = [] if record.said is None else record.said[level, :steps].tolist()
            yield RecordedEpisode(
                trap=trap.name(),
                split=split_of(name).value,
                level=level,
                play=name,
                actions=done[:steps].tolist(),
                policy=policy,
                size=trap.size,
                parameters=trap.parameters,
                salt=salt_digest(salt),
                said=[*map(cut_said, texts)],
                examples=examples,
            )


def cut_said(text: str) -> str:
    """Return the text cut to ``MOST_SAID`` characters and made valid for JSON."""
    return text[:MOST_SAID].encode(errors="replace").decode()


def save_episodes(path: str | Path, episodes: Iterable[RecordedEpisode]) -> None:
    """Write episodes, of one trap or several, a line each, whole or not at all."""
    write_bytes(Path(path), b"".join(map(encode_episode, episodes)))


def encode_episode(episode: RecordedEpisode) -> bytes:
    """Return an episode as its line of a file; ValueError for one that would not be read back."""
    line = msgspec.json.encode(episode)
    msgspec.json.decode(line, type=RecordedEpisode)
    return line + b"\n"


def decode_episodes(name: str, data: bytes) -> tuple[list[RecordedEpisode], list[str]]:
    """Return the episodes in lines of JSON, and a sentence on lines that cannot be read.

    A writer may have been killed within a line.

    Raises:
        ValueError: no line is an episode; the message says what the data is.
    """
    episodes, bad = list[RecordedEpisode](), dict[int, str]()
    for number, line in enumerate(data.splitlines(), 1):
        try:
            episodes.append(decode_json(line, RecordedEpisode))
        except ValueError as error:
            bad[number] = shorten_text(str(error))
    if not episodes:
        first = [f" (line {n}: {x})" for n, x in bad.items() if data.startswith(b"{")][:1]
        raise ValueError(
            f"{name} has no recorded episode: it is {name_content(data)}{''.join(first)}; expected"
            " a log that `mesa-gym score --save-episodes` wrote"
        )
    if not bad:
        return episodes, []
    named = ", ".join(f"{number} ({error})" for number, error in [*bad.items()][:MOST_NAMED])
    more = ", ..." * (len(bad) > MOST_NAMED)
    count = f"{len(bad):,} line{'s' * (len(bad) > 1)}"
    return episodes, [f"{name}: {count} left out that cannot be read: {named}{more}"]


def trap_of(name: str, size: Any, parameters: Any) -> Trap:
    """Return the trap that a file names, or raise ValueError; no module is imported for it."""
    trap_class = look_up_trap(name)
    if trap_class.name() != name:
        raise unknown("trap", name, [trap_class.name()])
    if size is not None:
        require("size", size, Size)
    require("parameters", parameters, Parameters)
    for parameter in parameters:
        if parameter not in trap_class.keywords():
            raise unknown(f"parameter of {name}", parameter, trap_class.keywords())
    return trap_class(size, **parameters) if size else trap_class(**parameters)


def align_actions(
    episodes: Sequence[RecordedEpisode], play: Play, trap: Trap, starts: State
) -> tuple[Actions, Ints]:
    """Return n episodes' actions, int8 (n, steps), and how many steps each can have, int64 (n,).

    Behind an episode's last action is ``ENDED``. With waiting there it goes on to its end.
    """
    done = np.full((len(episodes), play.steps), ENDED, dtype=np.int8)
    for row, episode in enumerate(episodes):
        actions = episode.actions[: play.steps]
        done[row, : len(actions)] = actions
    waiting = replay(trap, starts, np.where(done == ENDED, STAY, done))
    return done, (waiting.actions != ENDED).sum(axis=1)


def require_played(episode: RecordedEpisode, salt: str = "") -> Trap:
    """Return the trap of an episode, or raise ValueError unless it can have been played so.

    The episode may stop early, as a person's may.
    """
    trap = trap_of(episode.trap, episode.size, episode.parameters)
    play, where = find_play(trap, episode.play), f"play '{episode.play}', level {episode.level}"
    if episode.salt != salt_digest(salt):
        raise ValueError(f"{where} was recorded with another salt; give --salt")
    if episode.split != play.split:
        raise ValueError(f"{where} is of the split {play.split}, not {episode.split!r}")
    starts = play.change(trap.levels(play.split, [episode.level], salt))
    _, (steps,) = align_actions([episode], play, trap, starts)
    if len(episode.actions) > steps:
        raise ValueError(f"{where} ends after step {steps}, but has {len(episode.actions)} actions")
    return trap
