"""The ways in which episodes are compared, side by side."""

from __future__ import annotations

from pathlib import Path

from mesa_gym.errors import unknown
from mesa_gym.policies import pursuing, references
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import ByPolicy, Player

SPLITS, ORACLES = "splits", "oracles"


def on_splits(player: Player) -> list[Seat]:
    """Seat the same player where objectives agree and where they conflict."""
    return [Seat(player, Split.TRAIN), Seat(player, Split.SHIFT)]


def against_oracles(trap: Trap, player: Player, split: Split, seed: int = 0) -> list[Seat]:
    """Seat a player beside those that pursue the base objective and each proxy."""
    others = [ByPolicy(pursuing(trap, x), seed) for x in trap.objectives]
    return [Seat(each, split) for each in (player, *others)]


def usual_policy(trap: Trap) -> str:
    """Return the default policy: the one that pursues the base objective."""
    return pursuing(trap, "base")


def seats_for(
    player: Player, trap: Trap, split: Split, beside: str | None = None, seed: int = 0
) -> list[Seat]:
    """Return who plays what.

    Args:
        player: the first of them.
        trap: the rules.
        split: whose level is played.
        beside: ``splits``, the player on ``train`` and ``shift`` whatever ``split`` says;
            ``oracles``, those of the base objective and of each proxy (or their reference
            policies) too; or another policy, as ``load_policy`` takes it. By default nothing.
        seed: of the others' sampling.

    Raises:
        UnknownNameError: ``beside`` means nothing.
    """
    if beside is None:
        return [Seat(player, split)]
    if beside == SPLITS:
        return on_splits(player)
    if beside == ORACLES:
        return against_oracles(trap, player, split, seed)
    named = references(trap)
    if not (beside in named or ":" in beside or "/" in beside or Path(beside).is_dir()):
        what = "choice for beside (nor is it a directory or module:factory)"
        raise unknown(what, beside, [SPLITS, ORACLES, *named])
    return [Seat(player, split), Seat(ByPolicy(beside, seed), split)]
