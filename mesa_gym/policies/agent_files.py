"""The folder of a trained agent: ``policy.json`` and the weights.

What is read of every agent are a few texts. Agents of this project have a whole record there, in
which all known facts are written once: the library, boards and studies read it.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, Struct

from mesa_gym.errors import shorten
from mesa_gym.files import read_bytes, read_json, write_bytes
from mesa_gym.json_data import decode_json

SCHEMA = 1
POLICY_FILE = "policy.json"
WEIGHTS_FILE = "weights.safetensors"
TEXTS = ("trap", "observation", "loader", "weights")
# The entry point that loads most agents of this project.
LOADER = "agents"
# A file beside policy.json: an agent of others must not name one of yours.
_WEIGHTS = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
Count = Annotated[int, Meta(ge=0)]


def read_policy_file(folder: Path) -> dict[str, Any]:
    """Read the ``policy.json`` of a trained agent.

    Raises ValueError if it is missing, damaged, of another schema, or names files elsewhere.
    """
    path, advice = folder / POLICY_FILE, "train or copy the agent again"
    try:
        entries = read_json(path)
    except FileNotFoundError:
        inside = sorted(file.parent.name for file in folder.glob(f"*/{POLICY_FILE}"))
        more = f"; it holds {', '.join(inside)}: give {folder / '*'}" if inside else ""
        raise ValueError(
            f"{folder} holds no trained agent: {POLICY_FILE} is missing{more}"
        ) from None
    except ValueError as error:
        raise ValueError(f"{error}; {advice}") from None
    # Before all else, as another schema may have other entries.
    schema = entries.get("schema") if isinstance(entries, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"{path} has schema {shorten(schema)}; this version reads {SCHEMA}")
    if lost := [name for name in TEXTS if not isinstance(entries.get(name), str)]:
        raise ValueError(f"{path} is damaged: no text for {', '.join(lost)}; {advice}")
    weights = entries["weights"]
    if not _WEIGHTS.fullmatch(weights) or (folder / weights).is_symlink():
        raise ValueError(
            f"{path} names the weights {shorten(weights)}; expected the name of a file beside it,"
            f" which is not a link; {advice}"
        )
    return dict(entries)


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
        algo: the name of one of ``agents.algorithms``; "" for a submission.
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
    loader: str = LOADER
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
