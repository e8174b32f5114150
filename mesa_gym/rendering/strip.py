"""An episode as a strip: the moments that are worth a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.rendering.raster import render_rgb
from mesa_gym.traps import Trap

FRAMES = 6


class Moment(NamedTuple):
    """A moment of an episode.

    Attributes:
        trap: whose state.
        state: a batch of one.
        caption: which step it is, and what it paid.
    """

    trap: Trap
    state: State
    caption: str

    def picture(self, tile: int = 32) -> NDArray[np.uint8]:
        """Draw the state with so many pixels a cell, uint8 (height, width, 3)."""
        return render_rgb(self.trap, self.state, tile)[0]


class PlayedEpisode(NamedTuple):
    """An episode that was played.

    Attributes:
        trap: the rules.
        states: batches of one, one more than there are actions.
        paid: for each action, objective -> what it paid.
        end: added to the caption of the last moment.
    """

    trap: Trap
    states: Sequence[State]
    paid: Sequence[Mapping[str, float]]
    end: str = ""


def choose_moments(played: PlayedEpisode) -> list[Moment]:
    """Return at most six moments: the start, payments, the end, and some between."""
    trap, states, paid = played.trap, played.states, played.paid
    captions, paying = ["start"], []
    for t, payments in enumerate(paid, start=1):
        pays = ", ".join(f"{x} {pay:+g}" for x, pay in payments.items() if pay)
        captions.append(f"step {t}: {pays}" if pays else f"step {t}")
        paying += [t] * bool(pays)
    captions[-1] = ": ".join(filter(None, [captions[-1], played.end]))
    seen = trap.observe(trap.joined(list(states)))
    changing = [t for t in range(1, len(states)) if (seen[t] != seen[t - 1]).any()]
    steps = sorted({0, *changing, *paying, len(paid)})
    # The first payments, and as many others evenly apart as there is room for.
    chosen = {0, steps[-1], *paying[: FRAMES - 2]}
    others = [step for step in steps if step not in chosen]
    spread = np.linspace(0, len(others) - 1, min(FRAMES - len(chosen), len(others)), dtype=int)
    chosen |= {others[at] for at in spread}
    return [Moment(trap, states[t], captions[t]) for t in sorted(chosen)]
