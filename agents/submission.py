"""A submission: a directory with ``agent.json``, and for each trap and seed a file that acts.

::

    {"schema": 1, "name": "far-sighted", "description": "PPO with a longer horizon",
     "authors": ["A. Person"], "alpha": 0.0, "agents": [
       {"trap": "CheeseCorner-v0", "seed": 0, "kind": "weights",
        "file": "CheeseCorner-v0/s0/weights.safetensors", "actor": "sampled", "network": "centred"},
       {"trap": "CoinRun-v0", "seed": 0, "kind": "onnx", "file": "CoinRun-v0/s0/policy.onnx",
        "observation": "planes"},
       {"trap": "CoinRun-v0", "seed": 1, "kind": "trace", "file": "CoinRun-v0/s1/actions.trace"},
       {"trap": "CoinRun-v0", "seed": 2, "kind": "code", "file": "code/agent.py",
        "factory": "make"}]}

Reading one executes nothing, believes no size and follows no link. docs/security.md says what it
withstands.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from agents.submitted_files import (
    MOST_BYTES,
    read_inside,
    require_graph,
    require_plain_tree,
    require_tensors,
)
from agents.train import ALGORITHMS
from mesa_gym.errors import unknown
from mesa_gym.files import write_json
from mesa_gym.scoring.hints import Limits, Matching, Share
from mesa_gym.scoring.reading import parsed, read
from mesa_gym.scoring.trace import Trace
from mesa_gym.scoring.trace_checks import require_text
from mesa_gym.traps import all_traps

SCHEMA = 1
SUBMISSION_FILE = "agent.json"
_MOST_DESCRIPTION = 1_000_000
_MOST_AGENTS = 1_000
_MOST_AUTHORS = 50
_RESERVED = ("random", "stay", "human", "oracle", "reference")

Name = Annotated[
    str,
    Matching(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        "1 to 64 letters, digits, dots, underscores and dashes, beginning with a letter or digit",
    ),
]
Inside = Annotated[
    str,
    Matching(
        r"(?=.{1,200}\Z)[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*",
        "the path of a file in the submission's directory, of letters, digits and ._-, without ..",
    ),
]
Identifier = Annotated[str, Matching(r"[A-Za-z_][A-Za-z0-9_]{0,99}", "a name in Python")]
Seed = Annotated[int, Limits(0, 2**32 - 1)]


@dataclass(frozen=True)
class Agent:
    """What acts on one trap.

    Attributes:
        trap: name with version.
        seed: of its training; what tells it from the others of its submission on this trap.
        kind: how it is submitted; one of ``KINDS``.
        file: of it, in the submission's directory.
    """

    trap: str
    seed: Seed
    kind: str
    file: Inside

    def __post_init__(self) -> None:
        if self.trap not in all_traps():
            raise unknown("trap", self.trap, all_traps())

    def read(self, folder: Path) -> bytes:
        """Its file, which is of its kind at first sight; ValueError where it is not."""
        return read_inside(folder, self.file, MOST_BYTES)


@dataclass(frozen=True)
class Weights(Agent):
    """Weights, as safetensors, of an architecture that is known here.

    Attributes:
        actor: one of ``agents.actors.ACTORS``.
        network: one of ``agents.networks.NETWORKS``.
    """

    name: ClassVar[str] = "weights"
    actor: Identifier
    network: Identifier

    def read(self, folder: Path) -> bytes:
        """Its file, which looks like safetensors."""
        data = super().read(folder)
        require_tensors(self.file, data)
        return data


@dataclass(frozen=True)
class Onnx(Agent):
    """An ONNX graph, as ``agents.onnx_policy`` takes it.

    Attributes:
        observation: the kind that it wants.
    """

    name: ClassVar[str] = "onnx"
    observation: Identifier

    def read(self, folder: Path) -> bytes:
        """Its file, which looks like ONNX."""
        data = super().read(folder)
        require_graph(self.file, data)
        return data


@dataclass(frozen=True)
class Recorded(Agent):
    """An action trace, as ``mesa_gym.scoring.record`` makes it."""

    name: ClassVar[str] = "trace"

    def trace(self, folder: Path) -> Trace:
        """What was done."""
        self.read(folder)  # refuses what is no plain file in the folder
        return Trace.load(folder / self.file)


@dataclass(frozen=True)
class Code(Agent):
    """Python code, which is run only where the evaluator asks for it.

    Attributes:
        factory: a name in the file, called with the trap, which gives what ``as_policy`` takes.
    """

    name: ClassVar[str] = "code"
    factory: Identifier

    def read(self, folder: Path) -> bytes:
        """Nothing: the code is read where it runs, once the directory holds plain files alone."""
        require_plain_tree(folder)
        super().read(folder)
        return b""


KINDS: dict[str, type[Agent]] = {cls.name: cls for cls in (Weights, Onnx, Recorded, Code)}


@dataclass(frozen=True)
class About:
    """What a submission says of itself.

    Attributes:
        schema: version of this form.
        name: of the agent on the board, the same for all traps and seeds.
        description: in one line, how it was trained.
        authors: their names.
        alpha: the share of training episodes that came from the shift distribution, as declared.
    """

    schema: Annotated[int, Limits(SCHEMA, SCHEMA)]
    name: Name
    description: str
    authors: list[str]
    alpha: Share

    def __post_init__(self) -> None:
        require_name(self.name)
        require_text("description", self.description)
        if not 1 <= len(self.authors) <= _MOST_AUTHORS:
            raise ValueError(f"authors has {len(self.authors)}; expected 1 to {_MOST_AUTHORS}")
        for author in self.authors:
            require_text("an author's name", author)


@dataclass(frozen=True)
class Submission:
    """A submission as read.

    Attributes:
        folder: its directory.
        about: what it says of itself.
        agents: at least one, each trap and seed once.
    """

    folder: Path
    about: About
    agents: tuple[Agent, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.agents) <= _MOST_AGENTS:
            raise ValueError(f"agents has {len(self.agents)}; expected 1 to {_MOST_AGENTS:,}")
        (twice, count), *_ = Counter((a.trap, a.seed) for a in self.agents).most_common(1)
        if count > 1:
            raise ValueError(f"seed {twice[1]} of {twice[0]} is there {count} times; keep one")

    def policy(self, agent: Agent) -> str:
        """What the score card of one of its agents calls it."""
        return f"{self.about.name}-s{agent.seed}"

    def save(self) -> None:
        """Write ``agent.json``."""
        agents = [asdict(agent) for agent in self.agents]
        write_json(self.folder / SUBMISSION_FILE, asdict(self.about) | {"agents": agents})

    @classmethod
    def load(cls, folder: Path) -> Submission:
        """Read ``agent.json``; the files that it names are read when they are needed.

        Raises:
            ValueError: it is missing, or says what it may not; the message says where, and what
                was expected.
        """
        if not folder.is_dir():
            raise ValueError(
                f"{folder} is no directory; a submission is one with {SUBMISSION_FILE}"
            )
        try:
            entries = parsed(read_inside(folder, SUBMISSION_FILE, _MOST_DESCRIPTION))
            if not isinstance(entries, dict):
                raise ValueError("it is no JSON object")
            agents = entries.pop("agents", None)
            about = read(About, entries)
            if not isinstance(agents, list):
                raise ValueError("the field 'agents' is missing, or no list")
            return cls(folder, about, tuple(_agent(i, entry) for i, entry in enumerate(agents)))
        except ValueError as error:
            raise ValueError(f"{folder / SUBMISSION_FILE}: {error}") from None


def _agent(number: int, entry: Any) -> Agent:
    try:
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if not isinstance(kind, str) or kind not in KINDS:
            raise unknown("kind", kind if isinstance(kind, str) else None, KINDS)
        return read(KINDS[kind], entry)
    except ValueError as error:
        raise ValueError(f"agents[{number}]: {error}") from None


def require_name(name: str) -> None:
    """ValueError where a name would be taken for another's on the board."""
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
        raise ValueError(f"the name {name!r} cannot be taken: {reason}; choose another")
