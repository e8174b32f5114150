"""The record of an agent's training, which is kept beside its score card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from mesa_gym.files import write_bytes

SCHEMA = 1
Count = Annotated[int, Meta(ge=0)]


class Training(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trained agent.

    Attributes:
        trap: name with version.
        agent: the name that all seeds share, such as ``ppo-alpha0.03``.
        seed: what distinguishes it from them.
        about: the algorithm in a word, or what a submission says of itself.
        network: one of ``agents.saving.KINDS``; "" where that is not known.
        steps: environment steps; 0 where that is not known.
        alpha: the share of training episodes that came from the shift distribution.
        num_levels: how many different levels were trained on; None for all, or not known.
        command: that trains the agent again; "" for a submission.
        versions: of the packages that trained it.
        curve: (environment steps, mean return of the episodes that ended before them).
        weights: the digest of what was scored; "" where that is not known.
    """

    trap: str
    agent: str
    seed: Count
    about: str
    network: str = ""
    steps: Count = 0
    alpha: Annotated[float, Meta(ge=0, le=1)] = 0.0
    num_levels: Annotated[int, Meta(ge=1)] | None = None
    command: str = ""
    versions: dict[str, str] = {}
    curve: list[tuple[float, float]] = []
    weights: str = ""
    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)] = SCHEMA

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_bytes(path, msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    @classmethod
    def load(cls, path: Path) -> Training:
        """Read what ``save`` wrote.

        Raises:
            ValueError: the file is damaged or of another schema; the message names it.
        """
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(f"{path} is not the record of a training ({error})") from None
