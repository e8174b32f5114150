"""The wrapper that logs the episodes of any Gymnasium loop, with the play of each episode."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Self

import gymnasium
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import VectorEnv

from mesa_gym.envs.checks import integer
from mesa_gym.envs.single import TrapEnv
from mesa_gym.errors import shorten
from mesa_gym.logs.episodes import RecordedEpisode
from mesa_gym.logs.gathering import gather_logs
from mesa_gym.logs.readers import has_no_episode, read_log
from mesa_gym.logs.recorder import LogFile, Recorder, Start
from mesa_gym.scoring.plays import JUDGED, find_play, plays_of
from mesa_gym.traps import LEVELS, Trap

Reset = tuple[Any, dict[str, Any]]


class LogEpisodes(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Writes each episode of an environment to a file when the episode ends, one per line.

    ``mesa-gym score --episodes FILE`` and ``mesa-gym watch --episodes FILE`` read the file. A line
    contains the actions that reached the trap, after all wrappers. If an episode is left early, its
    steps so far are written. Episodes that begin from a map or a state, or on a level drawn by
    ``alpha``, belong to no play and are not written. An episode that continues from another state
    is not written either, and a warning says so.

    A copy, a pickle or a forked process writes no file, because copies are used for planning. It
    warns of this once, at its first step; ``reopen`` makes it write.

    Args:
        env: a trap's environment from ``gymnasium.make``, with or without wrappers.
        path: the file, to which lines are appended. With None, no file is written.
        policy: name of the policy.

    Attributes:
        trap: the trap of the environment.

    Raises:
        ValueError: the environment is not a trap's, is a vector environment, or is logged already.

    Example:
        >>> import gymnasium, mesa_gym
        >>> env = gymnasium.make("MesaGym/CheeseDish-v0")
        >>> env = mesa_gym.LogEpisodes(env, "log.jsonl", policy="mine")
        >>> [options["play"] for options in env.plan(levels=1)]
        ['test', 'shift', 'again', 'twins', 'bare', 'alone:cheese', 'alone:dish']
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        path: str | Path | LogFile | None,
        policy: str = "agent",
    ) -> None:
        if isinstance(env, VectorEnv):
            raise ValueError(
                f"{shorten(env)} is a vector environment; log each of its environments:"
                " gymnasium.make_vec(id, n, 'sync', wrappers=[lambda env: LogEpisodes(env, path)])"
            )
        inner: Any = env
        while isinstance(inner, gymnasium.Wrapper):
            if isinstance(inner, LogEpisodes):
                raise ValueError("the environment is logged already; give LogEpisodes its .env")
            inner = inner.env
        if not isinstance(inner, TrapEnv):
            raise ValueError(f"{shorten(inner)} is not a trap's environment; use gym.make")
        super().__init__(env)
        file = path if isinstance(path, LogFile) else LogFile(path)
        self.inner, self._recorder = inner, Recorder(inner, file, policy)
        self.trap: Trap = inner.trap
        inner._recorder = self._recorder

    def __copy__(self) -> Self:
        """Return a deep copy; a shallow copy's steps would change the logged episode."""
        return deepcopy(self)

    @property
    def spec(self) -> EnvSpec | None:  # type: ignore[override]
        """The spec of the environment without the log, which a rebuilt environment does not write.

        ``gymnasium.make(env.spec)`` and Minari's ``recover_environment`` use it.
        """
        return self.env.spec

    @property
    def last(self) -> RecordedEpisode | None:
        """The last episode that ended or was left; None before the first one."""
        return self._recorder.last

    def reopen(self, path: str | Path | None) -> None:
        """Write to a file from now on. A copy, for example in a worker, writes only after this.

        Args:
            path: the file, to which lines are appended. With None, no file is written.
        """
        self._recorder.file = LogFile(path)

    def plan(self, levels: int = 100, after: str | Path | None = None) -> Iterator[dict[str, Any]]:
        """Yield the reset options of all episodes that a verdict needs, level by level.

        Args:
            levels: the number of levels in each play; a verdict needs at least 100.
            after: a log of an earlier, perhaps failed run. Episodes of this policy on this trap
                that are complete in the log are left out. The log need not exist, and may contain
                only the beginning of an episode.
        """
        complete = set() if after is None or has_no_episode(after) else self._list_whole(after)
        plays = [p for p in plays_of(self.trap).values() if p.split in JUDGED]
        for level in range(levels):
            names = (play.name for play in plays if (play.name, level) not in complete)
            yield from ({"play": name, "level": level} for name in names)

    def _list_whole(self, path: str | Path) -> set[tuple[str, int]]:
        """Return (play, level) of each complete episode in a log."""
        policy, salt = self._recorder.policy, self.inner.settings.salt
        logs, _ = gather_logs((x for x in read_log(path)[0] if x.policy == policy), salt)
        return {
            (name, level)
            for log in logs
            if repr(log.trap) == repr(self.trap)
            for name, play in log.plays.items()
            for level in play.starts.level.number[play.whole].tolist()
        }

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Reset:
        """Begin an episode.

        Args:
            seed: seed of the environment.
            options: options of the environment. With ``{"play": "twins", "level": 3}``, the
                episode is a level of a play: a split, ``again``, ``twins``, ``bare`` or
                ``alone:<objective>``.

        Raises:
            ValueError: the trap has no such play, the play has another time limit, or an inner
                wrapper does not reset the trap's environment.
        """
        recorder, extra = self._recorder, dict(options or {})
        if self.inner._recorder is not recorder:  # another LogEpisodes wrapped the environment
            self.inner._recorder.leave()
            self.inner._recorder = recorder
        if (name := extra.pop("play", None)) is None:
            return self.env.reset(seed=seed, options=extra or None)
        # The trap's environment reads the start from the recorder, because wrappers may drop the
        # options of reset, or store them, as Minari's DataCollector does.
        recorder.expected = start = self._find_start(name, extra)
        try:
            observation, info = self.env.reset(seed=seed, options=extra or None)
        finally:
            recorder.expected = None
        if recorder.play is not start.play:
            raise ValueError(
                f"play {name!r} was not begun: a wrapper between LogEpisodes and the trap does not"
                " reset the trap's environment; put it around LogEpisodes"
            )
        return observation, {**info, "split": start.play.split.code}

    def _find_start(self, name: str, extra: dict[str, object]) -> Start:
        """Return the start of a play, and remove its level from the options."""
        play, settings = find_play(self.trap, name), self.inner.settings
        if "level" not in extra:
            raise ValueError(f"options name play {name!r} without a level; add one")
        if "state" in extra:
            raise ValueError(f"options name play {name!r} and a state; give one of them")
        if play.steps != settings.max_steps:
            raise ValueError(
                f"play {name!r} has {play.steps} steps and this environment {settings.max_steps};"
                f" make it by {self.trap.id(play.split)!r}"
            )
        level = integer("level", extra.pop("level"), 0, LEVELS - 1)
        original = self.trap.levels(play.split, [level], settings.salt)
        return Start(play, play.change(original).single(0))

    def say(self, text: str, read: bool = True) -> None:
        """Store a text for the next step, at which the viewer shows it.

        Args:
            text: the text.
            read: whether the text contains a readable action.
        """
        self._recorder.say(text, read)

    def step(self, action: object) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step, and write the episode's line if the episode ends."""
        transition = self.env.step(action)
        if transition[2] or transition[3]:  # a wrapper's time limit also ends the episode
            self._recorder.leave()
        return transition

    def close(self) -> None:
        """Write the unfinished episode, and close the environment."""
        self._recorder.leave()
        super().close()

    def episode(self) -> RecordedEpisode | None:
        """Return the unfinished episode; None if its level belongs to no play."""
        return self._recorder.episode()
