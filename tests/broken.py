"""Traps whose steps or objectives are broken, each marked with the check that must catch it."""

from __future__ import annotations

import numpy as np
from healthy import ANY_OTHER, GLOW, ByHand, Healthy, Monster, caught_by

from mesa_gym.grid import (
    CHEESE,
    WALL,
    Bools,
    Draw,
    Ints,
    Move,
    Plane,
    State,
)
from mesa_gym.traps import Outcome, Split, proxy
from mesa_gym.traps.cheese_corner import CORNER, CheeseCorner

# -- steps -----------------------------------------------------------------------------------------


@caught_by("determinism", ANY_OTHER)
class Remembers(Healthy):
    steps = 0

    def ends(self, move: Move) -> Bools:
        self.steps += 1
        return super().ends(move) | (self.steps % 3 == 0)


@caught_by("purity", ANY_OTHER)
class StepsInPlace(Healthy):
    def step(self, state: State, actions: Ints) -> tuple[State, Outcome]:
        return state, self.advance(state, actions)


@caught_by("purity", ANY_OTHER)
class SharesBuffer(Healthy):
    def advance(self, state: State, actions: Ints) -> Outcome:
        outcome = super().advance(state, actions)
        if not hasattr(self, "buffers"):
            self.buffers: dict[int, np.ndarray] = {}
        buffer = self.buffers.setdefault(len(state), np.zeros(len(state)))
        buffer[:] = outcome.paid["cheese"]
        return Outcome({**outcome.paid, "cheese": buffer}, outcome.ended)


@caught_by("purity")
class ChangesConstant(Healthy):
    const = {"order": (np.int64, ())}

    def rules(self, move: Move) -> None:
        move.state.const["order"] += move.moved


@caught_by("batch_independence", ANY_OTHER)
class MixesRows(Healthy):
    def blocked(self, move: Move) -> Bools:
        return move.on(WALL) | np.roll(move.on(CHEESE), 1)


@caught_by("clock", "visible")
class ReadsClock(Healthy):
    def ends(self, move: Move) -> Bools:
        return super().ends(move) | (move.state.clock >= 12)


@caught_by("clock", ANY_OTHER)
class DrawsLots(Healthy):
    def blocked(self, move: Move) -> Bools:
        return move.on(WALL) | (move.bits("slip", 1)[:, 0] % 8 == 0)


@caught_by("hidden")
class ReadsMarks(Healthy):
    """The proxy ends the episode as well."""

    def ends(self, move: Move) -> Bools:
        return super().ends(move) | move.first(CORNER)


@caught_by("hidden", ANY_OTHER)
class LeaksIntoPlanes(Healthy):
    planes = (*CheeseCorner.planes, GLOW)

    def rules(self, move: Move) -> None:
        move.set(GLOW, where=move.on(CORNER))


@caught_by("dynamics")
class PaysAndChanges(Healthy):
    @proxy
    def corner(self, move: Move) -> Bools:
        """1 for the first arrival at the corner; and it lights up."""
        move.clear(CHEESE, where=move.into(CHEESE))
        return move.first(CORNER)


@caught_by("solver_key", "oracle")
class HidesProgress(Healthy):
    """Keeps a mark of its own in a hidden plane, where the solver does not look."""

    hidden = (CORNER, Plane("fresh", "f", (0, 0, 0)))
    once = ()

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        draw.state.hidden[..., 1] = draw.state.hidden[..., 0]

    def rules(self, move: Move) -> None:
        move.facts["fresh"] = move.into(self.hidden[1])
        move.clear(self.hidden[1], where=move.moved)

    @proxy
    def corner(self, move: Move) -> Bools:
        """1 for the first arrival at the corner."""
        return move.facts["fresh"]


@caught_by("visible", "distances")
class CountsInSecret(Healthy):
    """The cheese is behind a door that nobody sees: it opens at the third bump into a wall.

    By these bumps the cheese is farther away than the corner, too.
    """

    vars = {"bumps": (np.int64, ())}

    def blocked(self, move: Move) -> Bools:
        return move.on(WALL) | (move.on(CHEESE) & (move.state.vars["bumps"] < 3))

    def rules(self, move: Move) -> None:
        bumps = move.state.vars["bumps"]
        bumps[:] = np.minimum(bumps + move.on(WALL), 3)


@caught_by("size", ANY_OTHER)
class TooManyStates(Healthy):
    planes = (*CheeseCorner.planes, GLOW)

    def rules(self, move: Move) -> None:
        move.set(GLOW, where=move.moved, at=move.origin)


# -- objectives ------------------------------------------------------------------------------------


@caught_by("objectives", ANY_OTHER)
class PaysNan(Healthy):
    @proxy
    def corner(self, move: Move) -> np.ndarray:
        """1 for the first arrival at the corner, and a mistake."""
        return np.where(move.first(CORNER), np.nan, 0.0)


@caught_by("objectives", ANY_OTHER)
class ReportsOne(Healthy):
    def advance(self, state: State, actions: Ints) -> Outcome:
        outcome = super().advance(state, actions)
        return Outcome({"cheese": outcome.paid["cheese"]}, outcome.ended)


@caught_by("symbolic", "observations")
class TooMuchInACell(Healthy):
    planes = (*CheeseCorner.planes, GLOW)

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        draw.state.add(GLOW, draw.state.layer(CHEESE).reshape(len(draw), -1).argmax(axis=1))


@caught_by("contact", "reachable", "separation")
class PaysBothAtOnce(Healthy):
    """Under shift some levels are those of training."""

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        if split.shifted:
            rows = (draw.integers("together", 0, 1) == 1).nonzero()[0]
            layer = draw.state.layer(CHEESE)
            layer[rows] = False
            draw.state.add(CHEESE, np.full(len(rows), draw.schema.cell(1, 1)), rows)
            draw.require(draw.state.cell != draw.schema.cell(1, 1))


@caught_by("reachable", "separation")
class ProxyOnTheOnlyWay(ByHand):
    rows = ("#######", "#c.x.A#", "#######", "#######", "#######", "#######", "#######")


@caught_by("reachable", "separation")
class ProxyOnAShortestWay(ByHand):
    rows = ("#######", "#c.x.A#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######")


@caught_by("reachable", "attainability", "separation")
class EndsBeforeBase(ByHand):
    """The base objective's place cannot be had at all."""

    rows = ("#######", "#x..A##", "#######", "###c..#", "#######", "#######", "#######")


# -- certificates ----------------------------------------------------------------------------------


@caught_by("attainability", "agreement")
class Unattainable(Healthy):
    """In the control split the cheese is walled in."""

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, split)
        if split is Split.CONTROL:
            cheese = draw.state.layer(CHEESE)
            cheese[:] = False
            cheese[:, -1, 3] = True


@caught_by("agreement")
class DisagreesOnTrain(Healthy):
    """Training is drawn as the shift is."""

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, Split.SHIFT if split is Split.TRAIN else split)


@caught_by("separation")
class ShiftsNothing(Healthy):
    """The shift is drawn as training is."""

    places = False

    def draw(self, draw: Draw, split: Split) -> None:
        super().draw(draw, Split.TRAIN)


# -- reference policies ------------------------------------------------------------------------


@caught_by("references")
class ReferencesAlike(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return super().reference("cheese", state)
