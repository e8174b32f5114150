"""The first screen: which trap, and who plays it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mesa_gym.errors import PolicyError
from mesa_gym.traps import Trap, all_traps
from mesa_gym.viewer.app import Screen
from mesa_gym.viewer.buttons import Button
from mesa_gym.viewer.cards import Cards
from mesa_gym.viewer.chooser import Chooser, Entry, corner_button
from mesa_gym.viewer.inputs import Input, Key, Press
from mesa_gym.viewer.notice import Notice
from mesa_gym.viewer.offers import Offer, named, trained
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.theme import INK, QUIET

MARGIN = 16.0
HEAD = 46.0
TITLE, SMALL = 28.0, 18.0
BUTTONS = (Button("Esc: leave", "escape"), Button("?: help", "?"))
PLAY = "play"
DOUBLE = 0.4  # seconds within which two presses are meant as one
HELP = """\
A card is a trap: level 0 of train beside level 0 of shift. In training the base objective and \
its proxies are reached together; under shift they conflict.

Arrow keys, Page Up, Page Down, Home, End: move from card to card
Letters: go to the next name that begins with them
Enter, or a press: pick the trap, then who plays it
Wheel, or the bar at the right: scroll
Esc: back; here Esc or q leaves
? or F1: this help

Agents are found if their folders lie under the one that the viewer was started in."""
UNFINISHED = "Some folders were too deep or too many to search; name others with --policy."


class StartScreen:
    """All traps, then the policies for the one that was picked.

    Args:
        begin: gives the screen that comes next, from the trap's name and the policy, which is
            "play" or whatever ``mesa_gym.policies.load_policy`` takes. A ValueError, ImportError
            or PolicyError of it is shown, and one can choose again.
    """

    def __init__(self, begin: Callable[[str, str], Screen]) -> None:
        self._begin = begin
        self.cards = Cards(list(all_traps().values()))
        self.policies: Chooser | None = None
        self.notice: Notice | None = None
        self._offers: list[Offer] = []
        self._buttons: dict[str, Box] = {}
        self._offered = 0.0  # seconds since the policies appeared

    @property
    def trap(self) -> type[Trap]:
        """Return the trap that is highlighted, or picked."""
        return self.cards.traps[self.cards.highlighted]

    def handle(self, event: Input) -> Screen | None:
        """Take what a person did; returns the screen to show next, None for leaving."""
        if self.notice is not None:
            self.notice.handle(event)
            self.notice = None if self.notice.left else self.notice
        elif isinstance(event, Key) and event.name in ("?", "f1"):
            self.notice = Notice("Which trap?", HELP)
        elif self.policies is not None:
            return self._choose_policy(self.policies, event)
        else:
            return self._choose_trap(event)
        return self

    def update(self, seconds: float) -> None:
        """Let time pass."""
        self.cards.update(seconds)
        self._offered += seconds
        if self.policies is not None:
            self.policies.update(seconds)

    def _choose_trap(self, event: Input) -> Screen | None:
        if isinstance(event, Press):
            pressed = [name for name, box in self._buttons.items() if box.holds(event.x, event.y)]
            event = Key(pressed[0]) if pressed else event
            if pressed == ["?"]:
                return self.handle(event)
        self.cards.handle(event)
        if self.cards.chosen is not None:
            self.cards.chosen = None
            self._offer()
        return None if self.cards.left else self

    def _offer(self) -> None:
        """Show the policies for the trap."""
        self._offered = 0.0
        trap = self.trap
        agents, done = trained(trap, Path.cwd())
        self._offers = [Offer(PLAY, "with the keyboard"), *named(trap), *agents]
        labels = ["you (play it yourself)", *(offer.spec for offer in self._offers[1:])]
        entries = [Entry(a, offer.detail) for a, offer in zip(labels, self._offers, strict=True)]
        note = f"base: {trap.base}\nproxy: {', '.join(trap.proxies)}"
        note += "" if done else f"\n{UNFINISHED}"
        self.policies = Chooser(f"{trap.name()}: who plays?", entries, note)

    def _choose_policy(self, policies: Chooser, event: Input) -> Screen:
        if isinstance(event, Press) and self._offered < DOUBLE:
            return self  # the second half of a double press on the card
        policies.handle(event)
        if policies.left:
            self.policies = None
        elif policies.chosen is not None:
            spec = self._offers[policies.chosen].spec
            policies.chosen = None
            try:
                return self._begin(self.trap.name(), spec)
            except (ValueError, ImportError, PolicyError) as error:
                self.notice = Notice("That did not work", str(error))
        return self

    def draw(self, pen: Pen) -> None:
        """Draw everything."""
        width, height = pen.size
        room = Box(MARGIN, MARGIN, width - 2 * MARGIN, height - 2 * MARGIN)
        if self.notice is not None:
            self.notice.draw(pen, room)
        elif self.policies is not None:
            self.policies.draw(pen, room)
        else:
            below = Box(room.left, HEAD, room.width, room.bottom - HEAD)
            self.cards.draw(pen, below)
            self._head(pen, room)

    def _head(self, pen: Pen, room: Box) -> None:
        right = room.right
        for button in BUTTONS:
            box = self._buttons[button.key] = corner_button(pen, button, right, 10)
            right = box.left - 8
        left = room.left + pen.text("Which trap?", room.left, 13, TITLE, INK) + MARGIN
        hint = f"{self.cards.seen}   Arrows or letters, then Enter; or press one".strip()
        pen.text(hint, left, 18, SMALL, QUIET, width=right - left)
