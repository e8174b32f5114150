"""Readers: recorded episodes of our own files, of Inspect's logs and of Minari's datasets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mesa_gym.errors import missing_extra
from mesa_gym.scoring.episodes import RecordedEpisode, load_episodes
from mesa_gym.traps import Split, find_trap

# Inspect keeps a log as an archive; a task of ours puts each episode under this key of its store.
INSPECT, STORE = ".eval", "episode"


def read_log(source: str | Path) -> list[RecordedEpisode]:
    """Return the episodes of a log.

    Args:
        source: a file with a line for each episode; a log of Inspect, ``.eval``; or the name of a
            Minari dataset whose infos were recorded, such as ``mesa-gym/mine-v0``.

    Raises:
        ImportError: the package that reads such a log is not installed.
        ValueError: the log does not exist, or it holds something else.
    """
    name = str(source)
    if name.endswith(INSPECT):
        return list(_read_inspect(name))
    if not os.path.exists(name) and re.fullmatch(r"[\w/-]+-v\d+", name, re.ASCII):
        return list(_read_minari(name))
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
        line = sample.store[STORE] | {"policy": name}
        yield msgspec.convert(line, RecordedEpisode)


def _read_minari(name: str) -> Iterator[RecordedEpisode]:
    """Yield a dataset's episodes, of the environment that it names."""
    try:
        import minari
    except ImportError:
        raise missing_extra("minari", "minari") from None
    dataset = minari.load_dataset(name)
    kwargs: dict[str, Any] = dict(dataset.env_spec.kwargs)
    trap = find_trap(kwargs["trap"])
    given = {key: kwargs[key] for key in trap.keywords() if key in kwargs}
    size = kwargs.get("size")
    for episode in dataset.iterate_episodes():
        if not episode.infos or "level" not in episode.infos:
            raise ValueError(f"{name} has no infos; record them: DataCollector(record_infos=True)")
        split = [*Split][int(episode.infos["split"][0])].value
        yield RecordedEpisode(
            trap=trap.name(),
            split=split,
            level=int(episode.infos["level"][0]),
            play=split,
            actions=[int(action) for action in episode.actions],
            policy=name.rpartition("/")[2],
            size=tuple(size) if size else None,
            parameters=given,
        )
