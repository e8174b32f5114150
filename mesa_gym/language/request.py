"""The bounded schema of requests for episodes, which clients or rows of tables contain."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Annotated, get_type_hints

import msgspec
import numpy as np
from msgspec import Meta, Struct

from mesa_gym.choices.play_questions import MOST_EXAMPLES
from mesa_gym.choices.question_form import MOST_RENAMED, Word
from mesa_gym.errors import shorten, unknown
from mesa_gym.json_data import Text, require
from mesa_gym.logs.episodes import Parameters
from mesa_gym.traps import LEVELS, Trap, look_up_trap

UNNAMED = "model"  # the name in episodes that are not logged
# Larger grids would let a client of a server fill its memory with the states of a level.
MOST_CELLS_A_SIDE = 15


class EpisodeRequest(Struct, frozen=True, kw_only=True):
    """A request for an episode; its fields are bounded, because clients of a server send it.

    Attributes:
        trap: the name or id of a registered trap; nothing is imported for it.
        split: a split, or a play of changed levels: ``twins``, ``bare``, ``alone:<objective>``.
        level: the level's number; by default drawn from the seed.
        seed: equal seeds draw equal levels.
        size: the sides of the grid, at most 15, or one number for a square; by default the trap's.
        parameters: the trap's keywords, such as ``{"dish_planes": 2}``.
        salt: an evaluator's secret, with which the levels are drawn; logs have its digest.
        choice: ask once for the place to go to first; the trap must have an exact solver.
        options: the number of places in the question of a choice.
        tell: what the question of a choice says of each place: ``where``, ``things`` or ``both``.
        names: thing -> its name in the question of a choice.
        examples: the number of training levels on which the question shows the oracle of base.
        trained: whether the model was trained on training levels of this trap.
        policy: the model's name; a log requires one.
    """

    trap: Text = "CheeseCorner"
    split: Text = "train"
    level: Annotated[int, Meta(ge=0, lt=LEVELS)] | None = None
    seed: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] | None = None
    size: int | tuple[int, int] | None = None
    parameters: Parameters = {}
    salt: Annotated[str, Meta(max_length=200)] = ""
    choice: bool = False
    options: int = 4
    tell: str = "where"
    names: Annotated[dict[Word, Word], Meta(max_length=MOST_RENAMED)] = {}
    examples: Annotated[int, Meta(ge=0, le=MOST_EXAMPLES)] = 0
    trained: bool = False
    policy: Text | None = None

    def make_trap(self) -> Trap:
        """Return the trap in its size, with its keywords; ValueError if they do not fit."""
        sides = (self.size,) if isinstance(self.size, int) else self.size or ()
        if max(sides, default=0) > MOST_CELLS_A_SIDE:
            raise ValueError(f"size is {self.size}; expected at most {MOST_CELLS_A_SIDE} a side")
        kind = look_up_trap(self.trap)
        return kind(self.size, **self.parameters)

    @property
    def model(self) -> str:
        """The name of the model in the episode."""
        return self.policy or UNNAMED

    @property
    def form(self) -> dict[str, object]:
        """The form of the question of a choice, as plain values."""
        return {"options": self.options, "tell": self.tell, "names": self.names}


def read_request(arguments: Mapping[str, object]) -> EpisodeRequest:
    """Return a request from plain data; ValueError names the invalid value.

    Rows of tables contain 3.0 for 3, and None or NaN for missing values.
    """
    kinds, fields = get_type_hints(EpisodeRequest, include_extras=True), dict[str, object]()
    for name, value in arguments.items():
        if name not in kinds:
            raise unknown("argument of an episode", name, kinds)
        plain = value.item() if isinstance(value, np.generic) else value
        if plain is None or (isinstance(plain, float) and isnan(plain)):
            continue
        if isinstance(plain, float) and plain.is_integer():
            plain = int(plain)
        fields[name] = plain
        require(name, fields[name], kinds[name])
    request = msgspec.convert(fields, EpisodeRequest)
    if not request.choice and request.form != EpisodeRequest().form:
        changed = next(x for x in ("options", "tell", "names") if x in fields)
        raise ValueError(
            f"{changed} is {shorten(fields[changed])}, but only the question of a choice has"
            f" {changed}; add choice=True"
        )
    return request
