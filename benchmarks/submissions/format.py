"""A submission: a directory with ``agent.json``, and for each trap and seed a file that acts.

::

    {"schema": 1, "name": "far-sighted", "description": "PPO with a longer horizon",
     "authors": ["A. Person"], "alpha": 0.0, "agents": [
       {"trap": "CheeseCorner-v0", "seed": 0, "kind": "weights",
        "file": "CheeseCorner-v0/s0/weights.safetensors", "architecture": "network"},
       {"trap": "CoinRun-v0", "seed": 0, "kind": "onnx", "file": "CoinRun-v0/s0/policy.onnx",
        "observation": "planes"},
       {"trap": "CoinRun-v0", "seed": 1, "kind": "trace", "file": "CoinRun-v0/s1/actions.trace"}]}

Reading one executes nothing, believes no size and follows no link. docs/security.md says what it
withstands.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from agents.algorithms import ALGORITHMS
from benchmarks.rooms.code import require_apart
from benchmarks.submissions.files import (
    MOST_BYTES,
    harmless,
    read_inside,
    read_trace,
    require_kind,
)
from mesa_gym.errors import shorten, unknown
from mesa_gym.files import write_bytes
from mesa_gym.json_data import Text, decode_json, require
from mesa_gym.scoring import Trace
from mesa_gym.traps import all_traps

SCHEMA = 1
SUBMISSION_FILE = "agent.json"
_MOST_DESCRIPTION = 1_000_000
KINDS = (
    "an agent is submitted as `weights`, as an `onnx` graph (with a state, if it remembers) or as a"
    " `trace` of its actions; code is not run: export the agent (docs/submit.md)"
)
_RESERVED = ("random", "stay", "sweeper", "human", "either", "aimless", "oracle", "reference")

# Letters, digits, dots, underscores and dashes; of a path, parts of these, none of them "..".
Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
Inside = Annotated[
    str,
    Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*\Z", max_length=200),
]
Identifier = Annotated[str, Meta(pattern=r"\A[A-Za-z_][A-Za-z0-9_]{0,99}\Z")]
Seed = Annotated[int, Meta(ge=0, le=999_999_999)]  # nine digits are what a board reads
Alpha = Annotated[float, Meta(ge=0, le=1)]


class SubmittedAgent(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """One agent on one trap.

    Attributes:
        trap: name with version.
        seed: of its training; what tells it from the others of its submission on this trap.
        file: of it, in the submission's directory.
    """

    trap: str
    seed: Seed
    file: Inside

    def __post_init__(self) -> None:
        if self.trap not in all_traps():
            raise unknown("trap", self.trap, all_traps())

    @property
    def kind(self) -> str:
        """The way in which the agent is submitted: weights, onnx or trace."""
        return str(self.__struct_config__.tag)

    def read(self, folder: Path) -> bytes:
        """Return its file, which is of its kind at first sight; ValueError where it is not."""
        data = read_inside(folder, self.file, MOST_BYTES)
        if self.kind in ("weights", "onnx"):
            require_kind(self.kind, self.file, data)
        return data

    def digest(self, folder: Path) -> str:
        """Return what tells it from another agent: BLAKE2b-128, in hex, of its file."""
        return blake2b(self.read(folder), digest_size=16).hexdigest()


class Weights(SubmittedAgent, frozen=True, forbid_unknown_fields=True, tag="weights"):
    """Weights, as safetensors, of an architecture that is known here.

    Attributes:
        architecture: one of ``mesa_gym.trained.kinds.KINDS``.
    """

    architecture: Name


class Onnx(SubmittedAgent, frozen=True, forbid_unknown_fields=True, tag="onnx"):
    """An ONNX graph, as ``mesa_gym.policies.onnx`` takes it.

    Attributes:
        observation: the kind that it wants.
    """

    observation: Identifier


class TraceAgent(SubmittedAgent, frozen=True, forbid_unknown_fields=True, tag="trace"):
    """An action trace, as ``mesa_gym.scoring.record`` makes it."""

    def trace(self, folder: Path) -> Trace:
        """Return what was done."""
        self.read(folder)  # refuses what is not a plain file in the folder
        return read_trace(folder / self.file)


class About(Struct, frozen=True, kw_only=True):
    """The head of a submission.

    Attributes:
        schema: version of this form.
        name: of the agent on the board, the same for all traps and seeds.
        description: in one line, how it was trained.
        authors: their names.
        alpha: the share of training episodes that came from the shift distribution, as declared.
    """

    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)] = SCHEMA
    name: Name
    description: str
    authors: Annotated[list[str], Meta(min_length=1, max_length=50)]
    alpha: Alpha

    def __post_init__(self) -> None:
        require("name", self.name, Name)
        require_free(self.name)
        require("description", self.description, Text)
        for author in self.authors:
            require("an author's name", author, Text)


class _File(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of ``agent.json``."""

    agents: Annotated[list[Weights | Onnx | TraceAgent], Meta(min_length=1, max_length=1_000)]


class Submission(Struct, frozen=True):
    """A submission as read.

    Attributes:
        folder: its directory.
        about: what it says of itself.
        agents: at least one, each trap and seed once.
    """

    folder: Path
    about: About
    agents: tuple[SubmittedAgent, ...]

    def __post_init__(self) -> None:
        (twice, count), *_ = Counter((a.trap, a.seed) for a in self.agents).most_common(1)
        if count > 1:
            raise ValueError(f"seed {twice[1]} of {twice[0]} is there {count} times; keep one")

    def policy(self, agent: SubmittedAgent) -> str:
        """Return what the score card of one of its agents calls it."""
        return f"{self.about.name}-s{agent.seed}"

    def traps(self) -> list[str]:
        """Return the names of the traps, each once."""
        return list(dict.fromkeys(agent.trap for agent in self.agents))

    def encode(self) -> bytes:
        """Return ``agent.json``; ValueError if ``load`` would refuse it."""
        about = msgspec.structs.asdict(self.about)
        data = msgspec.json.encode(about | {"agents": self.agents})
        msgspec.json.decode(data, type=_File)
        return msgspec.json.format(data, indent=1) + b"\n"

    def save(self) -> None:
        """Write ``agent.json``."""
        write_bytes(self.folder / SUBMISSION_FILE, self.encode())

    @classmethod
    def load(cls, folder: Path) -> Submission:
        """Read ``agent.json``; the files that it names are read when they are needed.

        Raises:
            ValueError: it is missing, or says what it may not; the message says where, and what
                was expected.
        """
        if not folder.is_dir():
            raise ValueError(
                f"{folder} is not a directory; a submission is one with {SUBMISSION_FILE}"
            )
        require_apart(folder)
        try:
            data = read_inside(folder, SUBMISSION_FILE, _MOST_DESCRIPTION)
            entries = msgspec.structs.asdict(decode_json(data, _File))
            agents = tuple(entries.pop("agents"))
            return cls(folder, About(**entries), agents)
        except ValueError as error:
            told = harmless(error)
            if re.search(r"Invalid value .*\.kind`\Z", told):
                told = f"{told}; {KINDS}"
            raise ValueError(f"{folder / SUBMISSION_FILE}: {told}") from None


def require_free(name: str) -> None:
    """Raise ValueError where a name would be taken for another's on the board."""
    plain = name.casefold()
    reason = ""
    if re.search(r"-s[0-9]+\Z", plain):
        reason = "it ends like the name of a seed"
    elif re.split("[-.:]", plain)[0] in _RESERVED:
        reason = "it begins like the name of a reference policy"
    elif any(plain == algo or plain.startswith(f"{algo}-alpha") for algo in ALGORITHMS):
        reason = "it is that of a baseline"
    elif plain.endswith("."):
        reason = "it ends with a dot"
    if reason:
        raise ValueError(f"the name {shorten(name)} cannot be taken: {reason}; choose another")
