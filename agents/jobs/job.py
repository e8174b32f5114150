"""Jobs: pieces of work that make folders of results; a complete folder is moved to its place.

::

    CheeseCorner-v0/ppo-s0/            a result: any files
    CheeseCorner-v0/ppo-s0/done.json   its terms and the digests of these files (``DoneRecord``)
    .work/                             results in progress
    .trained/                          agents that have no card yet
    .failed/                           tracebacks of jobs that failed
    .damaged/                          results with files that were deleted or changed later

So an existing result is complete, and a kill at any moment costs only the running jobs.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from mesa_gym.files import lock_file, read_bytes, write_json
from mesa_gym.json_data import decode_json

DONE_FILE, WORK, WAITING_AGENTS = "done.json", ".work", ".trained"
TRACEBACKS, DAMAGED = ".failed", ".damaged"
# The term with the schema of a result's cards; if it alone differs, the agent is scored again.
SCHEMA_TERM = "schema"
# Plain data that identifies a result: with other terms, the result would be a different one.
Terms = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A piece of work that is independent of other jobs; picklable.

    Attributes:
        name: the name to display.
        results: path of each result's folder, relative to the run's folder -> terms.
        make: makes the missing results, and keeps each as soon as it is complete.
        seconds: approximate CPU time for all of its results; 0 if they are not agents.
    """

    name: str
    results: Mapping[str, Terms]
    make: Callable[[Scratch], None]
    seconds: float = 0.0

    def place_traceback(self, out: Path) -> Path:
        """Return the file for the job's traceback, in the run's folder."""
        name = re.sub(r"[^\w=.,+-]", "_", self.name)[:200]
        return out / TRACEBACKS / f"{name}.txt"


class DoneRecord(msgspec.Struct, forbid_unknown_fields=True):
    """The contents of ``done.json``.

    Attributes:
        terms: the terms of the result.
        files: name of each other file of the result -> its SHA-256.
        seconds: the CPU time that the result took.
    """

    terms: dict[str, Any]
    files: dict[str, str]
    seconds: Annotated[float, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Scratch:
    """The working folder of a job.

    Attributes:
        folder: an empty folder for the job, deleted at its end.
        results: the job's missing results, with their terms.
        out: the folder of results.
    """

    folder: Path
    results: Mapping[str, Terms]
    out: Path

    def make_folder(self, result: str) -> Path:
        """Make and return the folder of a result, which the job then fills."""
        (self.folder / result).mkdir(parents=True, exist_ok=True)
        return self.folder / result

    def has(self, result: str) -> bool:
        """Return whether a result is complete; delete it if incomplete or made with other terms."""
        with suppress(ValueError):
            if _has(self.out / result, self.results[result]):
                return True
        shutil.rmtree(self.out / result, ignore_errors=True)
        return False

    def keep(self, result: str, seconds: float = 0.0) -> None:
        """Move a complete result to its place, with its ``DoneRecord``."""
        folder = self.folder / result
        names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
        digests = {name: digest_file(folder / name) for name in sorted(names) if name != DONE_FILE}
        record = DoneRecord(_to_plain(self.results[result]), digests, seconds)
        write_json(folder / DONE_FILE, msgspec.to_builtins(record))
        (self.out / result).parent.mkdir(parents=True, exist_ok=True)
        folder.rename(self.out / result)


def find_missing(results: Mapping[str, Terms], out: Path) -> dict[str, Terms]:
    """Return the results that are missing or damaged, or have cards of another schema.

    Raises:
        ValueError: a result was made with other terms, or a folder does not state its terms.
    """
    return {result: terms for result, terms in results.items() if not _has(out / result, terms)}


def _has(folder: Path, terms: Terms) -> bool:
    if not folder.exists():
        return False
    record, plain = read_done(folder), _to_plain(terms)
    other = [name for name in plain if record.terms.get(name) != plain[name]]
    if other and other != [SCHEMA_TERM]:
        raise ValueError(
            f"{folder} was made with {other[0]} {record.terms.get(other[0])!r}, and this run wants"
            f" {plain[other[0]]!r}; choose another --out, or delete it"
        )
    return not other and not find_damage(folder, record)


def read_done(folder: Path) -> DoneRecord:
    """Return the record of a result; ValueError if it is damaged, with the path to delete."""
    try:
        return decode_json(read_bytes(folder / DONE_FILE), DoneRecord)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{folder} contains no finished result ({DONE_FILE}: {error}); delete this folder, and"
            " the same command makes the result again"
        ) from None


def find_damage(folder: Path, record: DoneRecord) -> str:
    """Describe the first file of a result that is missing or changed; "" if all are intact."""
    for name, expected in record.files.items():
        try:
            if digest_file(folder / name) != expected:
                return f"{name} was changed"
        except (OSError, ValueError):
            return f"{name} is missing or cannot be read"
    return ""


def set_aside(result: str, out: Path) -> str:
    """Move a result aside that must be made again, and return a message; "" if there is no result.

    An intact result has cards of another schema. It goes to ``WAITING_AGENTS``, so that its agent
    is not trained again.
    """
    if not (out / result).exists():
        return ""
    damage = find_damage(out / result, read_done(out / result))
    aside = out / (DAMAGED if damage else WAITING_AGENTS) / result
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(parents=True, exist_ok=True)
    (out / result).rename(aside)
    if not damage:
        return f"scored again: {out / result}: its cards have another schema"
    return f"damaged: {out / result}: {damage}; it is made again. You can delete {aside}"


def digest_file(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(read_bytes(file)).hexdigest()


def _to_plain(terms: Terms) -> dict[str, Any]:
    """Return terms after a round trip through JSON."""
    return msgspec.json.decode(msgspec.json.encode(terms), type=dict[str, Any])


def do_job(job: Job, out: Path) -> None:
    """Make the missing results of a job.

    Raises:
        RuntimeError: the job ended, but a result is missing.
    """
    missing = find_missing(job.results, out)
    if not missing:
        return
    (out / WORK).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=out / WORK))
    try:
        job.make(Scratch(folder, missing, out))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if left := find_missing(job.results, out):
        raise RuntimeError(f"the job ended without writing {min(left)}")


@contextmanager
def hold_lock(path: Path, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a file; the kernel releases it if the process dies.

    Raises:
        BlockingIOError: another process holds the lock, and ``wait`` is False.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        if not lock_file(path, lock.fileno(), wait):
            raise BlockingIOError(
                f"another run works in {path.parent}; wait for its end, or choose another folder"
            )
        yield
