"""Provenance: everything that a card's numbers depend on, without an evaluator's secret."""

from __future__ import annotations

import platform
from hashlib import blake2b
from typing import Annotated

import gymnasium
import numpy as np
from msgspec import Meta, Struct

import mesa_gym

# No other hash of the same salt, for another purpose, can be mistaken for this one.
_PURPOSE = b"mesa-gym: an evaluator's salt"


class Provenance(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that the numbers depend on.

    Attributes:
        trap: the trap with its size and parameters.
        levels: numbers 0 to ``levels`` - 1 of each split.
        seed: of the sampling.
        salt: digest of an evaluator's secret; "" for the public levels.
        command: that printed the card; "" where it was made by a call from Python.
        versions: of the packages that computed it.
        digest: of the policy's weights; "" where they cannot be read.
    """

    trap: Annotated[str, Meta(min_length=1, max_length=500)]
    levels: Annotated[int, Meta(ge=1)]
    seed: Annotated[int, Meta(ge=0)]
    salt: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")]
    versions: dict[str, str]
    command: str = ""
    digest: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")] = ""


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that compute a score."""
    return {
        "mesa_gym": mesa_gym.__version__,
        "gymnasium": gymnasium.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def salt_digest(salt: str) -> str:
    """Return 32 hex digits, keyed BLAKE2b-128, that tell salts apart; "" for no salt.

    A salt that is easily guessed is easily found from them: a secret one is long and random.
    """
    return blake2b(salt.encode(), digest_size=16, key=_PURPOSE).hexdigest() if salt else ""
