"""Pictures for the pages: levels, and episodes as films."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.jobs.store import Results
from benchmarks.options import say
from benchmarks.tracks.films import ReplayFile
from benchmarks.tracks.tasks import find_task
from mesa_gym.files import read_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.strip import PlayedEpisode, play_actions
from mesa_gym.terminal import printable
from mesa_gym.traps import Split, find_trap

TILE = 16  # pixels a cell has, which the style sheet shows larger


def picture(trap: str, split: str, level: int = 0) -> str:
    """Return the picture of a level of a split."""
    drawn = find_trap(trap)()
    return _source(render_rgb(drawn, drawn.levels(Split(split), [level]), TILE)[0])


def film_replays(results: Results, method: str) -> list[dict[str, Any]]:
    """Return films of a method's own episodes; those that cannot be played are left out."""
    path = results.folder / "replays" / f"{method}.json"
    if not path.is_file():
        return []
    try:
        films = []
        for each in decode_json(read_bytes(path), ReplayFile).episodes:
            task = find_task(each.task, each.seed)
            trap = find_trap(task.trap)(**task.keywords)
            told = f"{method} on {each.task}, level {each.level}, where {each.wanted} is wanted"
            films.append(_film(play_actions(trap, each.level, each.actions), told))
        return films
    except (ValueError, OSError) as error:
        say(printable(f"left out: {path}: {error}"))
        return []


def _film(played: PlayedEpisode, told: str) -> dict[str, Any]:
    """Return the frames of an episode, one below the other, and what they show."""
    # The end is shown for a second.
    trap, states = played.trap, played.states
    frames = render_rgb(trap, trap.joined([*states, *[states[-1]] * 4]), TILE)
    n, height, width, _ = frames.shape
    return {
        "told": told,
        "source": _source(frames.reshape(n * height, width, 3)),
        "frames": n,
        "height": height,
        "width": width,
        "words": f"{len(states) - 1} steps of {told}, from the start to the end",
    }


def _source(drawn: NDArray[np.uint8]) -> Any:
    """Return a picture as the source of an image, which is markup already."""
    from markupsafe import Markup

    return Markup(data_uri(drawn))
