"""Readers: recorded episodes of our own files, of Inspect's logs and of Minari's datasets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mesa_gym.errors import missing_extra, shorten
from mesa_gym.logs.episodes import RecordedEpisode, load_episodes
from mesa_gym.traps import Split, look_up_trap

# Inspect keeps a log as an archive; a task of ours puts each episode under this key of its store.
INSPECT, STORE = ".eval", "episode"


def read_log(source: str | Path) -> tuple[list[RecordedEpisode], list[str]]:
    """Return the episodes of a log, and sentences on what was left out.

    Args:
        source: a file with a line for each episode; a log of Inspect, ``.eval``; or the name of a
            Minari dataset whose infos were recorded, such as ``mesa-gym/mine-v0``.

    Raises:
        ImportError: the package that reads such a log is not installed.
        ValueError: the log does not exist, or it holds something else.
    """
    name = str(source)
    if name.endswith(INSPECT):
        return list(_read_inspect(name)), []
    if not os.path.exists(name) and re.fullmatch(r"[\w/-]+-v\d+", name, re.ASCII):
        return list(_read_minari(name)), []
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


def _read_minari(name: str) -> Iterator[RecordedEpisode]:
    """Yield a dataset's episodes, of the environment that it names."""
    try:
        import minari
    except ImportError:
        raise missing_extra("minari", "minari") from None
    dataset = minari.load_dataset(name)
    kwargs: dict[str, Any] = dict(dataset.env_spec.kwargs)
    trap = look_up_trap(kwargs.get("trap"))
    line = {"trap": trap.name(), "policy": name.rpartition("/")[2], "size": kwargs.get("size")}
    line["parameters"] = {key: kwargs[key] for key in trap.keywords() if key in kwargs}
    for episode in dataset.iterate_episodes():
        if not episode.infos or not {"level", "split"} <= {*episode.infos}:
            raise ValueError(f"{name} has no infos; record them: DataCollector(record_infos=True)")
        code, level = (int(episode.infos[x][0]) for x in ("split", "level"))
        split = next((x.value for x in Split if x.code == code), f"split {code}")
        line |= {"split": split, "play": split, "level": level}
        line["actions"] = [int(action) for action in episode.actions]
        yield msgspec.convert(line, RecordedEpisode)
