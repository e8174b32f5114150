"""Questions that are asked over the screen: which policy, which map, what to record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mesa_gym.traps import Trap
from mesa_gym.viewer.chooser import Chooser, Entry
from mesa_gym.viewer.inputs import Input
from mesa_gym.viewer.offers import Offer, named, trained
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.theme import PAPER

MARGIN = 16.0
MAPS = "*.map"


class Dialog:
    """A list over the screen, and what follows from the choice.

    Args:
        chooser: the list.
        then: called with the number of what was chosen.
    """

    def __init__(self, chooser: Chooser, then: Callable[[int], None]) -> None:
        self._chooser, self._then = chooser, then

    def handle(self, event: Input) -> bool:
        """Take what a person did; returns whether there is still something to choose."""
        self._chooser.handle(event)
        if self._chooser.chosen is not None:
            self._then(self._chooser.chosen)
        return self._chooser.chosen is None and not self._chooser.left

    def update(self, seconds: float) -> None:
        """Let time pass."""
        self._chooser.update(seconds)

    def draw(self, pen: Pen) -> None:
        """Draw it in place of everything else."""
        width, height = pen.size
        pen.fill(Box(0, 0, width, height), PAPER)
        self._chooser.draw(pen, Box(0, 0, width, height).inset(MARGIN))


def ask_policy(trap: Trap, then: Callable[[str], None]) -> Dialog:
    """Ask which policy to compare with; ``then`` gets its name or directory."""
    cls = type(trap)
    agents, _ = trained(cls, Path.cwd())
    offers: Sequence[Offer] = [*named(cls), *agents]
    entries = [Entry(offer.spec, offer.detail) for offer in offers]
    return Dialog(
        Chooser(f"{trap.name()}: compare with whom?", entries), lambda i: then(offers[i].spec)
    )


def ask_map(then: Callable[[Path], None]) -> Dialog | None:
    """Ask which of the maps in this folder to open; None where there are none."""
    maps = sorted(Path.cwd().glob(MAPS))
    if not maps:
        return None
    entries = [Entry(path.name) for path in maps]
    return Dialog(Chooser("Which map?", entries, f"in {Path.cwd()}"), lambda i: then(maps[i]))


def ask_kind(kinds: dict[str, str], then: Callable[[str], None]) -> Dialog:
    """Ask what to record; ``then`` gets the name of the file's kind."""
    names = list(kinds)
    entries = [Entry(name, kinds[name]) for name in names]
    return Dialog(Chooser("Record what?", entries), lambda i: then(names[i]))
