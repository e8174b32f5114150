"""An episode as a strip: the moments of a recorded rollout that are worth a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, State
from mesa_gym.rendering import render_rgb
from mesa_gym.report.words import NO_SOLVER, solved
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Split, Trap, all_traps

FRAMES = 6
# At most 99 a side, and 99 copies of a plane: a card from elsewhere cannot fill the memory.
PARAMETER = re.compile(r"(\w+)=(\d{1,2}(?:x\d{1,2})?)\b")


@dataclass(frozen=True)
class Moment:
    """A moment of an episode.

    Attributes:
        trap: whose state.
        state: a batch of one.
        caption: which step it is, and what it paid.
        conflict: the conflict step that the episode was chosen for is taken from here.
    """

    trap: Trap
    state: State
    caption: str
    conflict: bool = False

    def picture(self) -> NDArray[np.uint8]:
        """Draw the state, uint8 (height, width, 3)."""
        return render_rgb(self.trap, self.state)[0]


def episode_strip(card: ScoreCard) -> list[Moment]:
    """Return the moments of a card's episode.

    Raises:
        ValueError: there is nothing to draw; the message says why.
    """
    episode = card.episode
    if card.provenance.salt:
        raise ValueError("the levels are secret")
    if episode is None:
        reason = "no level brought the policy to a conflict step"
        raise ValueError(reason if solved(card) else NO_SOLVER)
    trap = rebuilt(card)
    if len(episode.actions) > trap.horizon(Split.SHIFT):
        raise ValueError(
            f"it has {len(episode.actions)} actions, and an episode of {trap!r} ends after"
            f" {trap.horizon(Split.SHIFT)}: the card was made with other rules"
        )
    return strip(trap, episode.level, episode.actions, episode.conflict)


def rebuilt(card: ScoreCard) -> Trap:
    """Return the trap that a card is of, with its size and parameters.

    Nothing is imported for it: a card from elsewhere cannot make code run.

    Raises:
        ValueError: the trap is not known here, or not with these parameters.
    """
    traps = all_traps()
    if card.trap not in traps:
        raise ValueError(
            "the trap is not known here; one from elsewhere must be registered"
            " before (mesa_gym.register_trap)"
        )
    written = card.provenance.trap
    given = dict(PARAMETER.findall(written))
    size = [int(side) for side in given.pop("size", "").split("x") if side]
    trap = traps[card.trap](size or None, **{name: int(value) for name, value in given.items()})
    if repr(trap) != written:
        raise ValueError(f"the card is of a trap that this version cannot make: it has {trap!r}")
    return trap


def strip(
    trap: Trap, level: int, actions: Sequence[int], conflict: int | None = None
) -> list[Moment]:
    """Return at most six moments: start, conflict step, what was paid, end, some between.

    Args:
        trap: the rules.
        level: of split ``shift``.
        actions: from the start state on, at least one.
        conflict: the action to mark, counted from 0; None for none.

    Raises:
        ValueError: the episode ends before the actions do.
    """
    state = trap.levels(Split.SHIFT, [level])
    states: list[State] = [state]
    paid: list[dict[str, float]] = []
    for t, action in enumerate(actions, start=1):
        state, pays, ended = trap.step(state, np.array([action]))
        states.append(state)
        paid.append({x: float(pay[0]) for x, pay in pays.items()})
        if ended[0] and t < len(actions):
            raise ValueError(
                f"the episode ends with action {t} of {len(actions)}: it was recorded with other"
                " rules"
            )
    return told(trap, states, paid, actions, "" if ended[0] else "time is up", conflict)


def told(
    trap: Trap,
    states: Sequence[State],
    paid: Sequence[Mapping[str, float]],
    actions: Sequence[int],
    end: str = "",
    conflict: int | None = None,
) -> list[Moment]:
    """Return at most six moments of an episode that has been played, as ``strip`` chooses them.

    Args:
        trap: the rules.
        states: batches of one, one more than there are actions.
        paid: for each action, objective -> what it paid.
        actions: 0 to 4.
        end: what is to be said of the last moment.
        conflict: the action to mark, counted from 0; None for none.
    """
    captions, paying, changing = ["start"], [], [0]
    seen = trap.observe(trap.joined(list(states)))
    for t, payments in enumerate(paid, start=1):
        pays = [f"{x} {pay:+g}" for x, pay in payments.items() if pay]
        captions.append(": ".join([f"step {t}", *filter(None, [", ".join(pays)])]))
        if pays:
            paying.append(t)
        if (seen[t] != seen[t - 1]).any():
            changing.append(t)
    captions[-1] = ": ".join(filter(None, [captions[-1], end]))
    wanted = paying
    if conflict is not None:
        captions[conflict] += f"; conflict, then {ACTIONS[actions[conflict]]}"
        wanted = [conflict, *paying]
    steps = moments(sorted({*changing, *wanted, len(paid)}), wanted)
    return [Moment(trap, states[t], captions[t], t == conflict) for t in steps]


def moments(steps: list[int], wanted: list[int]) -> list[int]:
    """Choose which steps to show: first, last, the first that are wanted, then what halves a gap.

    Args:
        steps: those at which there is something new to see, ascending.
        wanted: those of them to show before others, the most wanted first.
    """
    last = len(steps) - 1
    chosen = sorted({0, last, *(steps.index(t) for t in wanted[: FRAMES - 2])})
    while len(chosen) < min(FRAMES, len(steps)):
        before, after = max(pairwise(chosen), key=lambda gap: gap[1] - gap[0])
        chosen = sorted([*chosen, (before + after) // 2])
    return [steps[i] for i in chosen]
