"""The bounded schema of requests for episodes, which clients or rows of tables contain."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Annotated, Any, get_type_hints

import msgspec
import numpy as np
from msgspec import Meta, Struct

from mesa_gym.errors import unknown
from mesa_gym.json_data import Text, require
from mesa_gym.traps import LEVELS

MOST_EXAMPLES = 64
UNNAMED = "model"  # the name in episodes that are not logged


class EpisodeRequest(Struct, frozen=True, kw_only=True):
    """A request for an episode; its fields are bounded, because clients of a server send it.

    Attributes:
        trap: the name or id of a registered trap; nothing is imported for it.
        split: a split, or a play of changed levels: ``twins``, ``bare``, ``alone:<objective>``.
        level: the level's number; by default drawn from the seed.
        seed: equal seeds draw equal levels.
        choice: ask once for the place to go to first; the trap must have an exact solver.
        examples: the number of training levels on which the question shows the oracle of base.
        policy: the model's name; a log requires one.
    """

    trap: Text = "CheeseCorner"
    split: Text = "train"
    level: Annotated[int, Meta(ge=0, lt=LEVELS)] | None = None
    seed: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] | None = None
    choice: bool = False
    examples: Annotated[int, Meta(ge=0, le=MOST_EXAMPLES)] = 0
    policy: Text | None = None


def read_request(arguments: Mapping[str, Any]) -> EpisodeRequest:
    """Return a request from plain data; ValueError names the invalid value.

    Rows of tables contain 3.0 for 3, and None or NaN for missing values.
    """
    kinds, fields = get_type_hints(EpisodeRequest, include_extras=True), dict[str, Any]()
    for name, value in arguments.items():
        if name not in kinds:
            raise unknown("argument of an episode", name, kinds)
        plain = value.item() if isinstance(value, np.generic) else value
        if plain is None or (isinstance(plain, float) and isnan(plain)):
            continue
        is_integer = isinstance(plain, float) and plain.is_integer()
        fields[name] = int(plain) if is_integer else plain
        require(name, fields[name], kinds[name])
    return msgspec.convert(fields, EpisodeRequest)
