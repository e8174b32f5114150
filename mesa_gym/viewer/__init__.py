"""Viewer: watch, play, rewind and compare rollouts. It steps traps without knowing their rules."""

from __future__ import annotations

from mesa_gym.traps import Trap, as_trap

__all__ = ["watch"]


def watch(policy: object, trap: Trap | str, split: str = "shift", level: int = 0) -> None:
    """Show a policy in a window, as ``mesa-gym watch`` does, until the window is closed.

    Args:
        policy: an argument of ``mesa_gym.policies.as_policy``: a name, a model or a callable.
        trap: a trap or its name.
        split: the level's split, or changed levels: ``twins``, ``bare``, ``alone:<objective>``.
        level: the level's number.

    Raises:
        ValueError: an argument is unknown or out of range, or the policy cannot act on the trap.
        ImportError: pygame-ce is not installed.
        OSError: there is no display.
    """
    # Import here, so that importing one module of the viewer does not import all modules.
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
