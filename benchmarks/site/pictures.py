"""Pictures of levels and of episodes, as figures of a page."""

from __future__ import annotations

from benchmarks.site.markup import text
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.strip import strip
from mesa_gym.scoring import Episode
from mesa_gym.traps import Split, Trap, find_trap


def level(trap: Trap, split: Split, number: int = 0) -> str:
    """Return the picture of a level as it begins."""
    return _figure(
        level_uri(trap, split, number),
        f"level {number} of {split.value}",
        f"<b>{split.value}</b> level {number}",
    )


def level_uri(trap: Trap, split: Split, number: int = 0) -> str:
    """Return the picture alone, as the source of an image."""
    return data_uri(render_rgb(trap, trap.levels(split, [number]))[0])


def episode(trap: str, shown: Episode) -> str:
    """Return the moments of an episode under shift side by side.

    Raises:
        ValueError: it was recorded with other rules.
    """
    frames = "\n".join(
        _figure(data_uri(each.picture()), f"the level at {each.caption}", text(each.caption))
        for each in strip(find_trap(trap)(), shown.level, shown.actions)
    )
    return f'<div class="strip">\n{frames}\n</div>'


def _figure(source: str, alt: str, caption: str) -> str:
    return (
        f'<figure><img src="{source}" alt="{text(alt)}"><figcaption>{caption}</figcaption></figure>'
    )
