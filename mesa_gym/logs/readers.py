"""Readers: recorded episodes of our own files and of Inspect's logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from mesa_gym.errors import shorten
from mesa_gym.logs.episodes import RecordedEpisode, load_episodes

# Inspect keeps a log as an archive; a task of ours puts each episode under this key of its store.
INSPECT, STORE = ".eval", "episode"


def read_log(source: str | Path) -> tuple[list[RecordedEpisode], list[str]]:
    """Return the episodes of a log, and sentences on what was left out.

    Args:
        source: a file with a line for each episode, or a log of Inspect, ``.eval``.

    Raises:
        ImportError: the package that reads such a log is not installed.
        ValueError: the log does not exist, or it holds something else.
    """
    name = str(source)
    if name.endswith(INSPECT):
        return list(_read_inspect(name)), []
    return load_episodes(source)


def _read_inspect(path: str) -> Iterator[RecordedEpisode]:
    """Yield the episodes in a log of ``mesa_gym_inspect``; each epoch counts as its own agent."""
    try:
        from inspect_ai.log import read_eval_log
    except ImportError:
        raise ImportError(
            "a log of Inspect is read by inspect_ai, which is not installed: pip install inspect_ai"
        ) from None
    log = read_eval_log(path)
    # A sample that failed at its first step has none.
    played = [sample for sample in log.samples or [] if STORE in sample.store]
    if not played:
        raise ValueError(
            f"{path} holds no episode; expected a log of the Inspect task trap_play"
            " (docs/examples/mesa_gym_inspect)"
        )
    for sample in played:
        name = log.eval.model.replace("/", "-") + f"-e{sample.epoch}" * (sample.epoch > 1)
        line = sample.store[STORE]
        if not isinstance(line, dict):
            raise ValueError(f"{path}: the store holds {shorten(line)}; expected an episode")
        yield msgspec.convert(line | {"policy": name}, RecordedEpisode)
