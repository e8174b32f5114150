"""A submission: a directory with ``agent.json``, and for each trap and seed a file that acts.

docs/leaderboard.md shows a whole ``agent.json``. Reading one executes nothing, believes no size and
follows no link. docs/studies/security.md says what it withstands.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from benchmarks.challenge import Authors, Name, require_authors
from benchmarks.rooms.code import require_apart
from benchmarks.submissions.files import EXPORT, MOST_BYTES, harmless, read_inside, require_kind
from mesa_gym.errors import unknown
from mesa_gym.files import write_bytes
from mesa_gym.json_data import Text, decode_json, require
from mesa_gym.scoring import Trace
from mesa_gym.traps import all_traps

SCHEMA = 1
SUBMISSION_FILE = "agent.json"
_MOST_DESCRIPTION = 1_000_000
_KINDS = (
    "an agent is `weights`, an `onnx` graph (with a state, if it remembers) or a `trace` of its"
    f" actions; code is not run; {EXPORT}"
)

# Of a path: parts of letters, digits, dots, underscores and dashes, none of them "..".
Inside = Annotated[
    str,
    Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*\Z", max_length=200),
]
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

    def read(self, folder: Path) -> bytes:
        """Return its file, which is of its kind at first sight; ValueError where it is not."""
        data = read_inside(folder, self.file, MOST_BYTES)
        require_kind(str(self.__struct_config__.tag), self.file, data)
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
    """An ONNX graph, as ``mesa_gym.policies.onnx`` takes it."""


class TraceAgent(SubmittedAgent, frozen=True, forbid_unknown_fields=True, tag="trace"):
    """An action trace, as ``mesa_gym.scoring.record`` makes it."""

    def trace(self, folder: Path) -> Trace:
        """Return what was done."""
        self.read(folder)  # refuses what is not a plain file in the folder
        return Trace.load(folder / self.file)


class Submission(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of ``agent.json``.

    Attributes:
        schema: version of this form.
        name: of the agent on the board, the same for all traps and seeds.
        description: in one line, how it was trained.
        authors: their names.
        alpha: the share of training episodes that came from the shift distribution, as declared.
        agents: at least one, each trap and seed once.
    """

    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)] = SCHEMA
    name: Name
    description: str
    authors: Authors
    alpha: Alpha
    agents: Annotated[tuple[Weights | Onnx | TraceAgent, ...], Meta(min_length=1, max_length=1_000)]

    def __post_init__(self) -> None:
        require("name", self.name, Name)
        require("description", self.description, Text)
        require_authors(self.authors)
        for (trap, seed), times in Counter((a.trap, a.seed) for a in self.agents).items():
            if times > 1:
                raise ValueError(f"seed {seed} of {trap} is there {times} times; keep one")

    def name_agent(self, agent: SubmittedAgent) -> str:
        """Return what the score card of one of its agents calls it."""
        return f"{self.name}-s{agent.seed}"

    def encode(self) -> bytes:
        """Return ``agent.json``; ValueError if ``load`` would refuse it."""
        data = msgspec.json.encode(self)
        msgspec.json.decode(data, type=Submission)
        return msgspec.json.format(data, indent=1) + b"\n"

    def save(self, folder: Path) -> None:
        """Write ``agent.json`` into a directory."""
        write_bytes(folder / SUBMISSION_FILE, self.encode())

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
            return decode_json(read_inside(folder, SUBMISSION_FILE, _MOST_DESCRIPTION), cls)
        except ValueError as error:
            told = harmless(error)
            if re.search(r"Invalid value .*\.kind`\Z", told):
                told = f"{told}; {_KINDS}"
            raise ValueError(f"{folder / SUBMISSION_FILE}: {told}") from None
