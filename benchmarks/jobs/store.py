"""Results under a folder, each with its terms beside it.

::

    agents/CheeseCorner-v0/ppo-s0/          a trained agent
    training/CheeseCorner-v0/ppo-s0.json    its record, which outlives its weights
    cards/CheeseCorner-v0/ppo-s0.json       its score card; oracle-cheese.json for oracle:cheese
    cards/CheeseCorner-v0/.ppo-s0.json.terms   what the card was made of, and its digest
    .work/                                  what is being done (``benchmarks.jobs.job``)
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from benchmarks.options import folder
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.scoring import ScoreCard
from mesa_gym.trained.record import AgentRecord

Note = Callable[[str], None]
# Plain data that says what a result is: with other terms it would be another.
Terms = Mapping[str, Any]
T = TypeVar("T")
USUAL = Path("runs/board")


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """The label of a result: its terms, and the digest of its bytes."""

    digest: str
    terms: dict[str, Any]


def add_results_option(parser: argparse.ArgumentParser, usual: Path | None = USUAL) -> None:
    """Add the option that names the results' folder, which must be given where none is usual."""
    told = f"the results' folder ({usual or 'to be given'})"
    parser.add_argument("--out", type=folder, default=usual, required=usual is None, help=told)


def agent_path(trap: str, policy: str) -> Path:
    """Return the path of a trained agent, relative to the results."""
    return Path("agents", trap, policy)


def card_path(trap: str, policy: str) -> Path:
    """Return the path of a score card, relative to the results."""
    return Path("cards", trap, f"{policy.replace(':', '-')}.json")


def training_path(trap: str, policy: str) -> Path:
    """Return the path of the record of a scored agent, relative to the results."""
    return Path("training", trap, f"{policy}.json")


def label_path(path: Path) -> Path:
    """Return the path of a result's label."""
    return path.with_name(f".{path.name}.terms")


def digest_result(path: Path) -> str:
    """Return the digest of a file's bytes, or of those of all files of a folder."""
    whole = blake2b(digest_size=16)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if not file.is_dir():
            whole.update(f"{file.relative_to(path)}\n".encode() + read_bytes(file))
    return whole.hexdigest()


def require_writable(folder: Path) -> None:
    """Make a folder, and raise ValueError, before hours of work, where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(65536))
            file.flush()
    except OSError as error:
        raise ValueError(
            f"nothing can be written into {folder} ({error.strerror}); make it writable, or choose"
            " another --out"
        ) from None


class Results:
    """The results under one folder.

    Args:
        folder: of the run; it need not exist.
        note: called with what a person should know of a damaged result, which is set aside, so
            that it can be made again; None where nothing may be touched, which is for all who do
            not hold the lock of the job that makes it.
    """

    def __init__(self, folder: Path, note: Note | None = None) -> None:
        self.folder, self.note = folder, note

    def find_missing(self, files: Mapping[Path, Terms]) -> list[Path]:
        """Return the files that are not there, or damaged; their work is done where none is.

        Args:
            files: path of a file or folder, relative to the results -> its terms.

        Raises:
            ValueError: one is of other terms.
        """
        return [path for path, terms in files.items() if not self._has(path, terms)]

    def _has(self, path: Path, terms: Terms) -> bool:
        target = self.folder / path
        if not os.path.lexists(target):
            return False
        try:
            said = _read_terms(target)
        except (ValueError, OSError) as error:  # such as a link that leads to itself
            self._set_aside(target, str(error))
            return False
        for name, value in _to_plain(terms).items():
            if said.get(name) != value:
                raise ValueError(
                    f"{target} was made with {name} {said.get(name)!r}, and this run wants"
                    f" {value!r}; choose another --out, or delete it"
                )
        return True

    def _set_aside(self, path: Path, reason: str) -> None:
        """Rename a file or folder, so that nothing that might be worth saving is lost."""
        if self.note is None:
            return
        number = 1
        while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
            number += 1
        path.rename(aside)
        told = reason if str(path) in reason else f"{path}: {reason}"
        self.note(f"damaged: {told}\n  kept as {aside}")

    def keep(self, made: Path, path: Path, terms: Terms) -> None:
        """Move a whole file or folder to its place among the results, its label first."""
        target = self.folder / path
        label = Label(digest_result(made), _to_plain(terms))
        write_bytes(label_path(target), msgspec.json.encode(label))
        made.replace(target)

    def cards(self) -> list[ScoreCard]:
        """Return every card; ValueError, which says what to do, where one is damaged."""
        files = sorted((self.folder / "cards").glob("*/*.json"))
        return [self.load(path, ScoreCard.load) for path in files]

    def read_training(self, trap: str, policy: str) -> AgentRecord | None:
        """Return the record of an agent that was scored; None where there is none."""
        path = self.folder / training_path(trap, policy)
        return self.load(path, AgentRecord.load) if os.path.lexists(path) else None

    def load(self, path: Path, load: Callable[[Path], T]) -> T:
        """Return what a file holds; ValueError, which names it and says what to do, if damaged."""
        try:
            return load(path)
        except (ValueError, OSError) as error:
            told = str(error) if str(path) in str(error) else f"{path}: {error}"
            raise ValueError(
                f"{told}\n`python -m benchmarks board run{self.out_option()}` sets the"
                " damaged file aside and makes it again; a file that no run makes: delete it"
            ) from None

    def out_option(self) -> str:
        """Return the option that names this folder on a command line."""
        return f" --out {self.folder}"


def _read_terms(path: Path) -> dict[str, Any]:
    """Return the terms of a result: those of its label, or without one what the file says itself.

    Raises:
        ValueError: it is damaged.
        OSError: it cannot be read.
    """
    beside = label_path(path)
    if not beside.exists():  # it came by git or by hand
        return decode_json(read_bytes(path), dict[str, Any])
    label = decode_json(read_bytes(beside), Label)
    if label.digest != digest_result(path):
        raise ValueError("its bytes are not those that were kept")
    return label.terms


def _to_plain(terms: Terms) -> dict[str, Any]:
    """Return terms as they are read."""
    return msgspec.json.decode(msgspec.json.encode(terms), type=dict[str, Any])
