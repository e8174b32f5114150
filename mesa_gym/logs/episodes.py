"""Recorded episodes: each is a line of JSON, with its level and actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from mesa_gym.choices.question_form import MOST_OPTIONS, MOST_RENAMED
from mesa_gym.engine import ACTIONS, STAY, Ints, State
from mesa_gym.errors import shorten_text, unknown
from mesa_gym.files import locate_path, write_bytes
from mesa_gym.json_data import Text, require
from mesa_gym.policies.answers import read_action
from mesa_gym.scoring.card import salt_digest
from mesa_gym.scoring.plays import Play, find_play
from mesa_gym.scoring.record import ENDED, Actions, Record, follow, replay
from mesa_gym.traps import LEVELS, Trap, look_up_trap

# Greater grid sizes or trap parameters would fill the memory.
Small = Annotated[int, Meta(ge=1, le=255)]
Size = tuple[Small, Small]
ParameterValue = Annotated[int, Meta(ge=-255, le=255)] | float | Text | None
Parameters = Annotated[dict[str, ParameterValue], Meta(max_length=100)]
Action = Annotated[int, Meta(ge=0, lt=len(ACTIONS))]
MOST_SAID = 100_000  # characters of the text before a step
KEPT_SAID = 1_000  # characters of such a text after a log was read
MOST_NAMED = 5  # lines or levels that a sentence lists
Said = Annotated[str, Meta(max_length=MOST_SAID)]


class RecordedChoice(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """The question of an episode in which a model chose a place, and its answer.

    Attributes:
        answer: the number of the chosen option, from 1; None if no answer could be read.
        cells: the cell of each option, in the order of the list.
        things: the names of the things in each cell, or "nothing".
        pays: objective -> its reward in the episode that follows each option.
        tell: what the list said of each place.
        names: thing -> its name in the question, if it was renamed.
        reverse: whether the list was reversed.
    """

    answer: Annotated[int, Meta(ge=1, le=MOST_OPTIONS)] | None
    cells: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=2, max_length=MOST_OPTIONS)]
    things: Annotated[list[Said], Meta(max_length=MOST_OPTIONS)]
    pays: Annotated[dict[Text, list[float]], Meta(max_length=10)]
    tell: Text = "where"
    names: Annotated[dict[Text, Text], Meta(max_length=MOST_RENAMED)] = {}
    reverse: bool = False


class RecordedEpisode(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """The actions of one episode, and its level.

    Attributes:
        trap: name of the trap, with its version.
        split: split of the level.
        level: number of the level.
        play: name of the play (``plays_of``).
        actions: actions, 0 to 4, from the first step.
        policy: name of the policy.
        size: (height, width) in cells; None for the trap's default.
        parameters: parameters of the trap; missing ones have their defaults.
        salt: ``salt_digest`` of the salt with which the level was drawn.
        said: the text before each step, or ""; the list ends with the last text.
        unread: the number of texts without a readable action, after which the agent stood still.
        examples: the number of solved examples in each question to a model; None if unknown.
        trained: whether the model was trained on training levels of the trap; None if unknown.
        choice: the question, if the model chose a place instead of each step.
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
    trained: bool | None = None
    choice: RecordedChoice | None = None

    def __post_init__(self) -> None:
        for name in ("trap", "split", "play", "policy"):
            require(name, getattr(self, name), Text)
        if self.unread > self.n_questions:
            raise ValueError(
                f"unread is {self.unread}, and the episode has {self.n_questions} questions;"
                " expected at most one unreadable text per question"
            )

    def _repr_png_(self) -> bytes | None:
        """Return at most 8 frames from start to end, which a notebook shows.

        Returns None if the rules exclude the episode, or its levels depend on a secret salt.
        """
        from mesa_gym.rendering.notebook import draw_strip  # rarely needed

        try:
            trap = require_played(self)
        except ValueError:
            return None
        play = find_play(trap, self.play)
        start = play.change(trap.levels(play.split, [self.level]))
        steps = follow(trap, start, np.array([self.actions], dtype=np.int8))
        return draw_strip(trap, [x.single(0) for x in (start, *(y.step.state for y in steps))])

    @property
    def n_questions(self) -> int:
        """The number of texts, or of actions if the log has a count of texts without the texts."""
        return len(self.said) or (len(self.actions) if self.unread else 0)


def place_episode(trap: Trap, play: Play, level: int, salt: str) -> dict[str, Any]:
    """Return the fields of an episode that name its trap and level."""
    return {
        "trap": trap.name(),
        "split": play.split.value,
        "level": level,
        "play": play.name,
        "size": None if trap.size == trap.default_size else trap.size,
        "parameters": trap.parameters,
        "salt": salt_digest(salt),
    }


def record_plays(
    trap: Trap,
    policy: str,
    plays: Mapping[str, Record],
    salt: str = "",
    examples: int | None = None,
) -> Iterator[RecordedEpisode]:
    """Yield the episodes of records, one play after another.

    Args:
        trap: the trap.
        policy: name of the policy.
        plays: play -> its record, whose row i is level i, as ``score_all`` passes it to ``played``.
        salt: an evaluator's secret; the episodes contain only its digest.
        examples: the number of solved examples in each question to a model.
    """
    for name, record in plays.items():
        for level, done in enumerate(record.actions):
            steps = int((done != ENDED).sum())
            texts = [] if record.said is None else record.said[level, :steps].tolist()
            yield RecordedEpisode(
                **place_episode(trap, find_play(trap, name), level, salt),
                actions=done[:steps].tolist(),
                policy=policy,
                said=[*map(cut_said, texts)],
                unread=sum(read_action(text) is None for text in texts),
                examples=examples,
            )


def cut_said(text: str) -> str:
    """Return the text cut in its middle to ``MOST_SAID`` characters and made valid for JSON."""
    return shorten_text(text, MOST_SAID).encode(errors="replace").decode()


def keep_said(text: str) -> str:
    """Return a text of a log as short as the log's score allows, so that many fit into memory.

    A long text is cut in its middle, where the cut names a digest, if it still names its action.
    """
    if len(text) <= KEPT_SAID:
        return text
    text = shorten_text(text, MOST_SAID)
    digest = blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
    short = f"{text[: KEPT_SAID // 2]} ... {digest} ...\n{text[-KEPT_SAID // 2 :]}"
    return short if read_action(short) == read_action(text) else text


def save_episodes(path: str | Path, episodes: Iterable[RecordedEpisode]) -> None:
    """Write episodes of any traps, one per line, atomically."""
    write_bytes(locate_path(path), b"".join(map(encode_episode, episodes)))


def encode_episode(episode: RecordedEpisode) -> bytes:
    """Return an episode as a line of a file; ValueError if the line could not be read back."""
    line = msgspec.json.encode(episode)
    msgspec.json.decode(line, type=RecordedEpisode)
    return line + b"\n"


def name_trap(name: str) -> str:
    """Return a trap's name with its version, for an id or a name; unknown names are unchanged."""
    try:
        return look_up_trap(name).name()
    except ValueError:
        return name


def trap_of(name: str, size: Any, parameters: Any) -> Trap:
    """Return the trap named in a file, or raise ValueError; a name never imports a module."""
    trap_class = look_up_trap(name)
    if size is not None:
        require("size", size, Size)
    require("parameters", parameters, Parameters)
    for parameter in parameters:
        if parameter not in trap_class.keywords():
            raise unknown(f"parameter of {trap_class.name()}", parameter, trap_class.keywords())
    return trap_class(size, **parameters) if size else trap_class(**parameters)


def align_actions(
    episodes: Sequence[RecordedEpisode], play: Play, trap: Trap, starts: State
) -> tuple[Actions, Ints]:
    """Return the actions of n episodes, int8 (n, steps), and their greatest lengths, int64 (n,).

    ``ENDED`` follows an episode's last action. An episode that was cut short has its greatest
    length if the agent waits after the last action.
    """
    done = np.full((len(episodes), play.steps), ENDED, dtype=np.int8)
    for row, episode in enumerate(episodes):
        actions = episode.actions[: play.steps]
        done[row, : len(actions)] = actions
    waiting = replay(trap, starts, np.where(done == ENDED, STAY, done))
    return done, (waiting.actions != ENDED).sum(axis=1)


def require_played(episode: RecordedEpisode, salt: str = "") -> Trap:
    """Return the trap of an episode, or raise ValueError if the trap's rules exclude the episode.

    The episode may stop early, for example if a person stops playing.
    """
    trap = trap_of(episode.trap, episode.size, episode.parameters)
    play, where = find_play(trap, episode.play), f"play '{episode.play}', level {episode.level}"
    if episode.salt != salt_digest(salt):
        raise ValueError(f"{where} was recorded with another salt; add --salt SALT")
    if episode.split != play.split:
        raise ValueError(f"{where} is of the split {play.split}, not {episode.split!r}")
    starts = play.change(trap.levels(play.split, [episode.level], salt))
    _, (steps,) = align_actions([episode], play, trap, starts)
    if len(episode.actions) > steps:
        raise ValueError(f"{where} ends after step {steps}, but has {len(episode.actions)} actions")
    return trap
