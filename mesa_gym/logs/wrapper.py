"""The wrapper that logs episodes of any Gymnasium loop, and knows which play each of them was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium

from mesa_gym.envs.single import TrapEnv
from mesa_gym.errors import shorten
from mesa_gym.files import append_line
from mesa_gym.json_data import Text, require
from mesa_gym.logs.episodes import RecordedEpisode, cut_said, encode_episode
from mesa_gym.scoring.card import salt_digest
from mesa_gym.scoring.plays import JUDGED, Play, find_play, plays_of
from mesa_gym.traps import LEVELS, Split, Trap

Reset = tuple[Any, dict[str, Any]]


class LogEpisodes(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment whose episodes are written to a file, a line each, as they end.

    ``mesa-gym score --episodes FILE`` and ``mesa-gym watch --episodes FILE`` read it. An episode
    that is left before its end is written as far as it goes. Episodes that began from a map or a
    state, or that ``alpha`` drew, belong to no play and are not written.

    Args:
        env: what ``gymnasium.make`` gives of a trap; other wrappers go around this one.
        path: of the file; lines are added to it. None writes nothing.
        policy: the name of what acts.

    Attributes:
        last: the last episode that came to its end, or was left; None before.

    Raises:
        ValueError: the environment is not a trap's, or a wrapper inside changes what is seen.

    Example:
        >>> import gymnasium, mesa_gym
        >>> env = gymnasium.make("MesaGym/CheeseDish-v0")
        >>> env = mesa_gym.LogEpisodes(env, "log.jsonl", policy="mine")
        >>> [options["play"] for options in env.plan(levels=1)]
        ['test', 'shift', 'again', 'twins', 'bare', 'alone:cheese', 'alone:dish']
    """

    def __init__(
        self, env: gymnasium.Env[Any, Any], path: str | Path | None, policy: str = "agent"
    ) -> None:
        super().__init__(env)
        inner: Any = env
        while isinstance(inner, gymnasium.Wrapper):
            if isinstance(inner, gymnasium.ObservationWrapper):
                raise ValueError(
                    f"{type(inner).__name__} stands between LogEpisodes and the trap; put it around"
                    " LogEpisodes"
                )
            inner = inner.env
        if not isinstance(inner, TrapEnv):
            raise ValueError(f"{shorten(inner)} is not a trap's environment; use gym.make")
        require("policy", policy, Text)
        self.inner, self.path, self.policy = inner, path, policy
        self.last: RecordedEpisode | None = None
        self.trap: Trap = inner.trap
        self._play: Play | None = None
        self._level, self._actions = 0, list[int]()
        self._said: dict[int, str] = {}
        self._unread = 0

    def plan(self, levels: int = 100) -> Iterator[dict[str, Any]]:
        """Yield the options of all resets that a verdict needs, level by level.

        Args:
            levels: how many levels of each play; a verdict needs at least 100.
        """
        plays = [p for p in plays_of(self.trap).values() if p.split in JUDGED]
        for level in range(levels):
            yield from ({"play": play.name, "level": level} for play in plays)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Reset:
        """Begin an episode.

        Args:
            seed: as of the environment.
            options: as of the environment. ``{"play": "twins", "level": 3}`` begins a level as a
                play changes it: a split, ``again``, ``twins``, ``bare`` or ``alone:<objective>``.

        Raises:
            ValueError: the trap has no such play, or the play has another time limit.
        """
        self._write()
        asked = dict(options or {})
        name = asked.pop("play", None)
        found = self.env.reset(seed=seed, options=asked or None)
        self._level = found[1]["level"]
        self._play = None
        if name is not None:
            return self._reset_to(find_play(self.trap, name), asked)
        if "map" not in asked and self._level < LEVELS:
            self._play = find_play(self.trap, [*Split][found[1]["split"]])
        return found

    def _reset_to(self, play: Play, asked: dict[str, Any]) -> Reset:
        if "level" not in asked:
            raise ValueError(f"options name play {play.name!r} without a level; add one")
        if play.steps != self.inner.settings.max_steps:
            raise ValueError(
                f"play {play.name!r} has {play.steps} steps and this environment"
                f" {self.inner.settings.max_steps}; make it by {self.trap.id(play.split)!r}"
            )
        whole = self.trap.levels(play.split, [asked["level"]], self.inner.settings.salt)
        self._play = play
        observation, info = self.inner.set_state(play.change(whole).single(0))
        return observation, {**info, "split": play.split.code}

    def say(self, text: str, read: bool = True) -> None:
        """Keep a text for the next step; the viewer shows it there.

        Args:
            text: what was said.
            read: whether an action could be read in it.
        """
        self._said[len(self._actions)] = cut_said(text)
        self._unread += not read

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step; at an episode's end its line is written."""
        found = self.env.step(action)
        self._actions.append(int(action))
        if found[2] or found[3]:
            self._write()
        return found

    def close(self) -> None:
        """Write the unfinished episode, and close the environment."""
        self._write()
        super().close()

    def episode(self) -> RecordedEpisode | None:
        """Return the unfinished episode as a record; None where its level belongs to no play."""
        if self._play is None or not self._actions:
            return None
        said = [self._said.get(t, "") for t in range(max(self._said, default=-1) + 1)]
        return RecordedEpisode(
            trap=self.trap.name(),
            split=self._play.split.value,
            level=self._level,
            play=self._play.name,
            actions=[*self._actions],
            policy=self.policy,
            size=None if self.trap.size == type(self.trap)().size else self.trap.size,
            parameters=self.trap.parameters,
            salt=salt_digest(self.inner.settings.salt),
            said=said,
            unread=self._unread,
        )

    def _write(self) -> None:
        if (episode := self.episode()) is not None:
            self.last = episode
        self._actions, self._said, self._unread = [], {}, 0
        if episode is not None and self.path is not None:
            append_line(Path(self.path), encode_episode(episode))
