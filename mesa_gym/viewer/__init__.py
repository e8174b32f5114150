"""The viewer: watch, play, rewind and compare rollouts. It steps the traps and knows no rules."""

from __future__ import annotations

from typing import Any

from mesa_gym.traps import Trap, as_trap

__all__ = ["watch"]


def watch(policy: Any, trap: Trap | str, split: str = "shift", level: int = 0) -> None:
    """Open a window on a policy, as ``mesa-gym watch`` does, until it is closed.

    Args:
        policy: whatever ``mesa_gym.policies.as_policy`` takes: a name, a model, a callable.
        trap: a trap, or the name of one.
        split: whose level; or changed levels: ``twins``, ``bare``, ``alone:<objective>``.
        level: its number.

    Raises:
        ValueError: one of these means nothing, or the policy cannot act on the trap.
        ImportError: pygame-ce is not installed.
        OSError: there is no display.
    """
    # Importing one module of the viewer must not need all of them.
    from mesa_gym.scoring.plays import split_of
    from mesa_gym.viewer.app import App, LoadingScreen
    from mesa_gym.viewer.playback import Session
    from mesa_gym.viewer.players import PolicyPlayer
    from mesa_gym.viewer.screen import WatchScreen
    from mesa_gym.viewer.seats import Seat

    split_of(split)
    instance = as_trap(trap)
    seat = Seat(PolicyPlayer(policy), split)

    def begin() -> WatchScreen:
        screen = WatchScreen(Session(instance, [seat], level))
        screen.greet()
        return screen

    App(LoadingScreen(seat.player.name, begin)).run()
