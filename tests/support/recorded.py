"""A screen to record, for tests of the viewer's pictures, films, traces and strips."""

from __future__ import annotations

from mesa_gym.traps import Split, Trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer.timeline import Seat
from mesa_gym.viewer.actors import PolicyPlayer, Player
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.screen import WatchScreen

SIZE = (640, 420)


def watched(player: str | Player = "oracle:base", trap: Trap | None = None, **given) -> WatchScreen:
    player = PolicyPlayer(player) if isinstance(player, str) else player
    trap = CheeseCorner((7, 7)) if trap is None else trap
    return WatchScreen(Session(trap, [Seat(player, Split.SHIFT)], **given))
