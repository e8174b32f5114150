"""Pictures of levels and of episodes, for the pages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.strip import episode_strip, played
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Split, find_trap

TILE = 16  # pixels a cell has, which the style sheet shows larger


def picture(trap: str, split: str) -> str:
    """Return the picture of level 0 of a split."""
    made = find_trap(trap)()
    return _source(render_rgb(made, made.levels(Split(split), [0]), TILE)[0])


def strip(card: ScoreCard) -> list[tuple[str, str]] | str:
    """Return the pictures and captions of a card's episode, or why there are none."""
    try:
        moments = episode_strip(card)
    except ValueError as error:
        return str(error)
    return [(_source(each.picture(TILE)), each.caption) for each in moments]


def film(card: ScoreCard) -> dict[str, Any] | None:
    """Return the frames of a card's episode, one below the other, and what they show.

    None where the card holds no episode that can be played.
    """
    try:
        trap, states, _, _ = played(card)
    except ValueError:
        return None
    # The end is shown for a second.
    frames = render_rgb(trap, trap.joined([*states, *[states[-1]] * 4]), TILE)
    n, height, width, _ = frames.shape
    assert card.episode is not None
    return {
        "source": _source(frames.reshape(n * height, width, 3)),
        "frames": n,
        "height": height,
        "width": width,
        "policy": card.policy,
        "trap": card.trap,
        "verdict": card.verdict,
        "level": card.episode.level,
        "words": f"{len(states) - 1} steps of {card.policy}, from the start to the end",
    }


def _source(picture: NDArray[np.uint8]) -> Any:
    """Return a picture as the source of an image, which is markup already."""
    from markupsafe import Markup

    return Markup(data_uri(picture))
