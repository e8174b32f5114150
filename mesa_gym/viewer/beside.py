"""Who sits beside whom: the ways in which episodes are compared."""

from __future__ import annotations

from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import ByPolicy, Player


def on_splits(player: Player) -> list[Seat]:
    """The same player where objectives agree, and where they conflict."""
    return [Seat(player, Split.TRAIN), Seat(player, Split.SHIFT)]


def against_oracles(trap: Trap, player: Player, split: Split, seed: int = 0) -> list[Seat]:
    """A player beside those who pursue the base objective and each proxy, exactly if possible."""
    kind = "oracle" if trap.solvable else "reference"
    names = [f"{kind}:{x}" for x in trap.objectives]
    return [Seat(player, split), *(Seat(ByPolicy(name, seed), split) for name in names)]
