"""The folder of a trained agent: ``policy.json`` and the weights.

Only a few text fields are read for every agent. For agents of this project, ``policy.json``
contains a complete ``AgentRecord``, which the library, boards and studies read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, Struct

from mesa_gym.errors import shorten
from mesa_gym.files import read_bytes, read_json, write_bytes
from mesa_gym.json_data import decode_json

SCHEMA = 2  # 1 had neither ``frame_stack`` nor ``action_repeat``
POLICY_FILE = "policy.json"
WEIGHTS_FILE = "weights.safetensors"
TEXTS = ("trap", "observation", "loader", "weights")
# The entry point that loads most agents of this project.
LOADER = "agents"
# A file name without a folder: a downloaded agent must not name other files on the user's disk.
_WEIGHTS = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
Count = Annotated[int, Meta(ge=0)]
# The settings of a training, which all seeds of an agent share.
SETTINGS = ("algo", "kind", "steps", "alpha", "reward", "num_levels", "settings", "parameters")
VERSIONS = "versions"  # of the packages that trained the agent, and its processor


def read_policy_file(folder: Path) -> dict[str, Any]:
    """Read the ``policy.json`` of a trained agent.

    Raises ValueError if it is missing or damaged, has another schema, or names files elsewhere.
    """
    path, advice = folder / POLICY_FILE, "train or copy the agent again"
    try:
        entries = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        inside = sorted(file.parent.name for file in folder.glob(f"*/{POLICY_FILE}"))
        more = f"; its folders {', '.join(inside)} do: give {folder / '*'}" if inside else ""
        raise ValueError(
            f"{folder} does not contain a trained agent ({POLICY_FILE}){more}"
        ) from None
    except ValueError as error:
        raise ValueError(f"{error}; {advice}") from None
    # Check the schema first, because another schema may have other entries.
    schema = entries.get("schema") if isinstance(entries, dict) else None
    if schema not in (1, SCHEMA) or isinstance(schema, bool):
        raise ValueError(f"{path} has schema {shorten(schema)}; this version reads 1 and {SCHEMA}")
    if lost := [name for name in TEXTS if not isinstance(entries.get(name), str)]:
        raise ValueError(f"{path} is damaged: no text for {', '.join(lost)}; {advice}")
    weights = entries["weights"]
    if not _WEIGHTS.fullmatch(weights) or (folder / weights).is_symlink():
        raise ValueError(
            f"{path} names the weights {shorten(weights)}; expected the name of a file beside it,"
            f" which is not a link; {advice}"
        )
    return dict(entries)


def list_settings(entries: Mapping[str, object]) -> dict[str, str]:
    """Return setting -> value in JSON, from the entries of ``policy.json``."""
    names = (x for x in (*SETTINGS, VERSIONS) if x in entries)
    return {x: msgspec.json.encode(entries[x]).decode() for x in names}


class AgentRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trained agent; fields that are not known have their defaults.

    Attributes:
        trap: the trap's name with its version.
        name: the agent's name, unique on its trap; it ends in the seed, such as ``-s3``.
        seed: the training seed.
        kind: the kind of network.
        observation: the kind of observation that the agent needs.
        size, planes, parameters: attributes of the trap that the agent was trained on.
        loader: the entry point that loads the agent.
        weights: the name of the weights file in the same folder; the file may have been removed.
        weights_digest: the digest of the weights, which identifies them.
        algo: a name from ``agents.algorithms``; "" for a submission.
        algo_digest: the digest of a user's file with the algorithm, whose path in ``command`` may
            be another one elsewhere; "" for an algorithm of the suite, or a submission.
        about: one line that describes the algorithm, or a submission's own description.
        steps: the number of environment steps in training.
        alpha: the share of training episodes that use shift levels.
        reward: the objective that training rewarded.
        num_levels: the number of distinct training levels; None if unknown.
        start: the digest of the initial weights; "" for a fresh initialization.
        settings: PPO settings that differ from the algorithm's defaults: name -> value.
        command: the command that trains the agent again (without ``--out``).
        versions: package -> version, for the packages used in training; ``processor`` -> name.
        frame_stack, action_repeat: as for ``as_policy``: how the agent was trained.
        curve: pairs (environment steps, mean return of the episodes completed before them).
        looks: evaluations during training: (environment steps, mean return of the last episodes,
            share of test levels on which the agent chose base, share of shift levels on which it
            chose base, share of shift levels on which it chose a proxy).
    """

    trap: str
    name: str
    seed: Count
    kind: str = ""
    observation: str = "planes"
    size: list[int] = []
    planes: list[str] = []
    parameters: dict[str, object] = {}
    loader: str = LOADER
    weights: str = WEIGHTS_FILE
    weights_digest: str = ""
    algo: str = ""
    algo_digest: str = ""
    about: str = ""
    steps: Count = 0
    alpha: Annotated[float, Meta(ge=0, le=1)] = 0.0
    reward: str = ""
    num_levels: Annotated[int, Meta(ge=1)] | None = None
    start: str = ""
    settings: dict[str, int | float] = {}
    command: str = ""
    versions: dict[str, str] = {}
    frame_stack: Annotated[int, Meta(ge=1)] = 1
    action_repeat: Annotated[int, Meta(ge=1)] = 1
    curve: list[tuple[float, float]] = []
    looks: list[tuple[float, float, float, float, float]] = []
    schema: Annotated[int, Meta(ge=1, le=SCHEMA)] = SCHEMA

    def save(self, path: Path) -> None:
        """Write the record as JSON, one line per attribute."""
        values = msgspec.structs.asdict(self).items()
        lines = (b" %b: %b" % tuple(map(msgspec.json.encode, pair)) for pair in values)
        write_bytes(path, b"{\n%b\n}\n" % b",\n".join(lines))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved record; ValueError if it is damaged or has another schema."""
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
