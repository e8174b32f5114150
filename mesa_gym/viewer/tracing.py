"""Action traces of episodes that were watched."""

from __future__ import annotations

import numpy as np

from mesa_gym.scoring import ENDED, SplitTrace, Trace, salt_digest
from mesa_gym.viewer.actors import PolicyPlayer, TracePlayer
from mesa_gym.viewer.timeline import Pane

RATHER = "record a picture or a film"


def episode_trace(pane: Pane) -> Trace:
    """Return what a player did on a level, from its start: a trace of that level alone.

    An episode that a person has not finished makes one too; it can be watched again, and not be
    scored.

    Args:
        pane: the episode, as far as it has gone.

    Raises:
        ValueError: it makes no trace; the message says why.
    """
    trap, player, split = pane.trap, pane.seat.player, pane.seat.split
    done = pane.line.actions()
    if pane.edited:
        raise ValueError(
            "a trace holds what was done on a level, and this episode does not begin as one"
            f" (edited, or from a map); {RATHER}"
        )
    if not len(done):
        raise ValueError("a trace holds what was done, and nothing has been done in the episode")
    if not is_players_own(pane):
        raise ValueError(
            f"a trace of {player.name!r} holds what it did, and some of this episode was done by"
            f" hand; {RATHER}, or play all of it by hand"
        )
    actions = np.full((1, trap.horizon(split)), ENDED, dtype=np.int8)
    actions[0, : len(done)] = done
    return Trace(
        trap.name(),
        trap.size,
        trap.parameters,
        player.name,
        _seed(pane),
        salt_digest(pane.salt),
        {split.value: SplitTrace(np.array([pane.level]), actions)},
    )


def is_players_own(pane: Pane) -> bool:
    """Return whether no step of a policy's or a trace's episode was taken by hand."""
    player, line = pane.seat.player, pane.line
    if isinstance(player, PolicyPlayer):
        return all(step.decision.shares is not None for step in line.steps)
    if isinstance(player, TracePlayer):
        recorded = player.trace.actions_on(pane.seat.split, [pane.level])[0]
        return np.array_equal(line.actions(), recorded[: len(line)])
    return True


def _seed(pane: Pane) -> int:
    player = pane.seat.player
    if isinstance(player, TracePlayer):
        return player.trace.seed
    return player.seed if isinstance(player, PolicyPlayer) else 0
