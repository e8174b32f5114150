"""The record of a trained agent: all known facts, written once, beside its weights.

It is ``policy.json`` in an agent's directory. The library, boards and studies read it.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, Struct

from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies import SCHEMA
from mesa_gym.trained.agent import Network

WEIGHTS_FILE = "weights.safetensors"
Count = Annotated[int, Meta(ge=0)]


class AgentRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trained agent; an unknown entry has its default.

    Attributes:
        trap: name with version.
        name: of the agent, unique in its trap; ends in its seed, ``-s3``.
        seed: what distinguishes it from agents that were trained alike.
        kind: of network.
        observation: that it wants.
        size, planes, parameters: of the trap that it was trained on.
        loader: entry point that loads it.
        weights: the file of its weights, beside the record; it need not be there any more.
        weights_digest: tells it from other weights.
        algo: the name of one of ``agents.config``; "" for a submission.
        about: the algorithm in a line, or what a submission says of itself.
        steps: environment steps of its training.
        alpha: the share of training episodes from the shift.
        reward: the objective that was paid.
        num_levels: how many different levels were trained on; None where that is not known.
        start: the digest of the weights that its training began with; "" for new ones.
        settings: of PPO, where they differ from the algorithm's defaults: name -> value.
        command: that trains the agent again, apart from ``--out``.
        versions: of the packages that trained it.
        curve: (environment steps, mean return of the episodes that ended before them).
        looks: evaluations during training: (environment steps, mean return of the last episodes,
            share of test levels on which base was chosen, shares of shift levels of base and of a
            proxy).
    """

    trap: str
    name: str
    seed: Count
    kind: str = ""
    observation: str = "planes"
    size: list[int] = []
    planes: list[str] = []
    parameters: dict[str, Any] = {}
    loader: str = Network.loader
    weights: str = WEIGHTS_FILE
    weights_digest: str = ""
    algo: str = ""
    about: str = ""
    steps: Count = 0
    alpha: Annotated[float, Meta(ge=0, le=1)] = 0.0
    reward: str = ""
    num_levels: Annotated[int, Meta(ge=1)] | None = None
    start: str = ""
    settings: dict[str, int | float] = {}
    command: str = ""
    versions: dict[str, str] = {}
    curve: list[tuple[float, float]] = []
    looks: list[tuple[float, float, float, float, float]] = []
    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)] = SCHEMA

    def save(self, path: Path) -> None:
        """Write the record as JSON, a line for each attribute."""
        values = msgspec.structs.asdict(self).items()
        lines = (b" %b: %b" % tuple(map(msgspec.json.encode, pair)) for pair in values)
        write_bytes(path, b"{\n%b\n}\n" % b",\n".join(lines))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved record; ValueError where it is damaged or of another schema."""
        try:
            return decode_json(read_bytes(path), cls)
        except ValueError as error:
            raise ValueError(f"{path} is not an {cls.__name__} ({error})") from None

    @property
    def agent(self) -> str:
        """The agent's name without its seed, such as ``ppo-alpha0.03``."""
        return self.name.rpartition("-s")[0]


def digest_weights(weights: bytes) -> str:
    """Return 32 hex digits that differ for different weights."""
    return blake2b(weights, digest_size=16).hexdigest()
