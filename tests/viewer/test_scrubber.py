"""The viewer's track: it seeks, and marks what was paid."""

from __future__ import annotations

import pytest
from viewing import Drive, session

from mesa_gym.engine import Array, Move
from mesa_gym.traps import Split, Trap, proxy
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import ByPolicy
from mesa_gym.viewer.scrubber import Scrubber
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.theme import PALETTES


def test_the_scrubber_seeks_and_marks_payments(drive: Drive) -> None:
    driver = drive(session("KeysChests", "oracle:keys"))
    driver.key("end")
    watched = driver.session
    scrubber = Scrubber(watched, driver.layout.scrubber)
    y = driver.layout.scrubber.bottom - 20
    driver.press(scrubber.place_of(7), y)
    assert watched.cursor == 7
    driver.drag((scrubber.place_of(7), y), (scrubber.place_of(2), y - 300))
    assert watched.cursor == 2
    driver.key("home")
    pixels = driver.pixels
    row = int(driver.layout.scrubber.top + 9)
    paid = watched.pane.line.payments("keys")
    assert len(paid) > 1
    colour = PALETTES["okabe-ito"][1]
    for t, _ in paid:
        x = int(scrubber.place_of(t))
        assert tuple(pixels[row - 1, x]) == colour, t
    unpaid = set(range(2, len(watched.pane.line) - 2)) - {
        t + d for t, _ in paid for d in (-1, 0, 1)
    }
    for t in unpaid:
        assert tuple(pixels[row - 1, int(scrubber.place_of(t))]) != colour, t


class FourAtOnce(CheeseCorner):
    """Two more proxies that are the base objective itself."""

    @proxy
    def third(self, move: Move) -> Array:
        """1 for entering the cheese."""
        return move.into("cheese")

    @proxy
    def fourth(self, move: Move) -> Array:
        """1 for entering the cheese."""
        return move.into("cheese")


@pytest.mark.parametrize("trap", [CheeseCorner, FourAtOnce])
@pytest.mark.parametrize("cursor", ["home", "end"])
def test_every_objective_that_a_step_paid_is_marked(
    drive: Drive, trap: type[Trap], cursor: str
) -> None:
    driver = drive(Session(trap(), [Seat(ByPolicy("oracle:cheese"), Split.TRAIN)], 0))
    driver.key("end")
    driver.key(cursor)
    line = driver.session.pane.line
    together = line.steps[-1].paid
    assert set(together.values()) == {1.0}
    box = driver.layout.scrubber
    x = int(Scrubber(driver.session, box).place_of(len(line)))
    marks = driver.pixels[int(box.top) : int(box.bottom), x - 12 : x + 12]
    for number, name in enumerate(together):
        colour = PALETTES["okabe-ito"][number]
        # A mark is 7 points wide; the smallest, a triangle, is half its square, less an edge.
        assert (marks == colour).all(axis=-1).sum() >= 7 * 7 / 2 - 4, name
