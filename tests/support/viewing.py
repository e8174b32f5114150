"""A session of the viewer on a screen, and a driver for it."""

from collections.abc import Callable

from desk import Desk

from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.compare import Pane
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.seats import Seat
from mesa_gym.viewer.session import Session


class Driver(Desk):
    """A person who watches a session; time passes only as told."""

    tick = 0.0

    def __init__(self, session, **keywords):
        self.screen = WatchScreen(session)
        super().__init__(self.screen, **keywords)

    @property
    def message(self):
        return self.screen.session.message

    @property
    def session(self):
        return self.screen.session

    def settle(self):
        """Let all that is looked for be found, and draw it."""
        for _ in self.screen.settle():
            pass
        self.frame()

    @property
    def layout(self):
        return self.screen.layout

    def grid(self, number=0):
        """The grid of a pane, uint8 (rows, columns, tile, tile, 3): a picture for each cell."""
        place = self.layout.grids[number]
        tile, left, top = int(place.tile), int(place.left), int(place.top)
        part = self.pixels[top : top + place.rows * tile, left : left + place.columns * tile]
        return part.reshape(place.rows, tile, place.columns, tile, 3).swapaxes(1, 2)

    def plain(self, number=0):
        """Return the grid without overlays, as `render_rgb` draws it."""
        pane: Pane = self.session.panes[number]
        state = pane.state(self.session.clock.cursor)
        place = self.layout.grids[number]
        tile = int(place.tile)
        picture = render_rgb(pane.trap, state, tile)[0]
        return picture.reshape(place.rows, tile, place.columns, tile, 3).swapaxes(1, 2)

    def changed(self, number=0):
        """Cells that differ from the plain drawing."""
        differs = (self.grid(number) != self.plain(number)).any(axis=(2, 3, 4))
        return set(differs.ravel().nonzero()[0].tolist())


Drive = Callable[..., Driver]  # what the fixture `drive` is


def session(trap="RedBlueDoors", policy="oracle:red", level=3, split="shift"):
    return Session(find_trap(trap)(), [Seat(PolicyPlayer(policy), Split.of(split))], level)
