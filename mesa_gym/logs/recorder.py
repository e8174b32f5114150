"""The recorder of episodes, which the innermost environment calls, and its log file."""

from __future__ import annotations

import os
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mesa_gym.engine import State
from mesa_gym.envs.single import TrapEnv
from mesa_gym.files import append_line, locate_path
from mesa_gym.json_data import Text, require
from mesa_gym.logs.decoding import require_log
from mesa_gym.logs.episodes import RecordedEpisode, cut_said, encode_episode, place_episode
from mesa_gym.scoring.plays import Play, find_play
from mesa_gym.traps import LEVELS, Split


class LogFile:
    """A file of episodes that only the object that opened it writes to, and not its copies.

    Copies, pickles and forked processes are used for planning or other work, so their episodes are
    not part of the logged loop.

    Args:
        path: the file, to which lines are appended. With None, no file is written.

    Raises:
        ValueError: the file is not a log of episodes.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.path = None if path is None else locate_path(path)
        if self.path is not None and (self.path.is_file() or self.path.is_dir()):
            require_log(self.path)
        self._process: int | None = os.getpid()
        self._unwritten = list[bytes]()  # lines that could not be written yet

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_process": None, "_unwritten": []}

    def is_copied(self) -> bool:
        """Return whether another object, or another process, opened the file."""
        return self.path is not None and self._process != os.getpid()

    def warn_if_copied(self, copied: bool = False) -> None:
        """Warn once per process that a copy does not write."""
        if self.path is not None and (copied or self.is_copied()):
            _warn_of_copy(self.path, os.getpid())

    def append(self, episode: RecordedEpisode | None = None) -> None:
        """Append an episode, after those that OSError kept from the file, unless this is a copy."""
        if self.path is None or self.is_copied():
            return
        if episode is not None:
            self._unwritten.append(encode_episode(episode))
        while self._unwritten:
            append_line(self.path, self._unwritten[0])
            del self._unwritten[0]


@lru_cache(maxsize=64)
def _warn_of_copy(path: Path, process: int) -> None:
    """Warn that copies do not write; the cache limits this to one warning per process."""
    warnings.warn(
        f"this is a copy of an environment that is logged to {path}, or runs in another process:"
        " its episodes are not written. To log them, call LogEpisodes.reopen(path) of the copy, or"
        " make another TextSession(path)",
        stacklevel=5,
    )


class Start(NamedTuple):
    """A play, and its start state on one level."""

    play: Play
    state: State


class Recorder:
    """The current episode of an environment: its level, and the actions that reached the trap.

    Args:
        env: the innermost environment, which calls ``begin`` and ``step``.
        file: the log file.
        policy: name of the policy.

    Attributes:
        last: the last episode that ended or was left.
        expected: the start that a reset with a play requests; None outside such a reset.
        play: the play of the current episode; None if its level belongs to no play.
    """

    def __init__(self, env: TrapEnv, file: LogFile, policy: str) -> None:
        require("policy", policy, Text)
        self.env, self.file, self.policy = env, file, policy
        self.last: RecordedEpisode | None = None
        self.expected: Start | None = None
        self._clear(None)

    def _clear(self, play: Play | None) -> None:
        self.play, self._actions = play, list[int]()
        self._texts = dict[int, tuple[str, bool]]()  # by step, with whether it has an action

    def begin(self, env: TrapEnv, origin: object, caller: str, level: int, split: int) -> None:
        """Record that an episode of ``env`` begins on a level; ``split`` is the code of its split.

        ``origin`` is a state or map that the user passed to ``caller``; None if the level was
        selected by its number.
        """
        if env is not self.env:
            return
        expected = self.expected
        by_reset = expected is not None and origin is expected.state
        if isinstance(origin, State) and not by_reset and self._actions and self.play:
            warnings.warn(
                f"{caller} was called within an episode that is logged: the steps of this episode"
                " are not logged, neither those before the call nor those after it. To plan, use a"
                " copy of the environment",
                stacklevel=5,
            )
            self._clear(None)
        self.leave()
        play = expected.play if expected is not None and by_reset else None
        if origin is None and level < LEVELS:
            play = find_play(env.trap, [*Split][split])
        self._level = level
        self._clear(play)

    def step(self, env: TrapEnv, action: int, over: bool) -> None:
        """Record an action that the trap executed, and whether the episode has ended."""
        self.file.warn_if_copied(env is not self.env)
        if env is self.env:
            self._actions.append(action)
            if over:
                self.leave()

    def say(self, text: str, read: bool) -> None:
        """Store a text for the next step; it replaces an earlier text for this step."""
        self._texts[len(self._actions)] = cut_said(text), read

    def leave(self) -> None:
        """Write the steps of the episode so far; further steps belong to no episode."""
        if not self._actions:
            return
        episode = self.episode()
        self._clear(None)
        if episode is not None:
            self.last = episode
            self.file.append(episode)

    def episode(self) -> RecordedEpisode | None:
        """Return the unfinished episode; None if its level belongs to no play."""
        if self.play is None or not self._actions:
            return None
        return RecordedEpisode(
            **place_episode(self.env.trap, self.play, self._level, self.env.settings.salt),
            actions=[*self._actions],
            policy=self.policy,
            said=[self._texts.get(t, ("",))[0] for t in range(max(self._texts, default=-1) + 1)],
            unread=sum(not read for _, read in self._texts.values()),
        )
