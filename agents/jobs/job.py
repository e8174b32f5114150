"""Jobs: pieces of work that make folders of results; a complete folder is moved to its place.

::

    CheeseCorner-v0/ppo-s0/            a result: any files
    CheeseCorner-v0/ppo-s0/done.json   the terms on which it was made
    .work/                             what is being made

So an existing result is complete, and a kill at any moment costs only the running jobs.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mesa_gym.files import lock_file, read_bytes, write_json
from mesa_gym.json_data import decode_json

DONE_FILE, WORK = "done.json", ".work"
# Plain data that says what a result is: with other terms it would be another.
Terms = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A piece of work that needs no other; picklable.

    Attributes:
        name: for people.
        results: path of each folder that it makes, relative to the run's -> its terms.
        make: makes the missing results, and keeps each as soon as it is complete.
    """

    name: str
    results: Mapping[str, Terms]
    make: Callable[[Scratch], None]


@dataclass(frozen=True)
class Scratch:
    """A folder in which a job works.

    Attributes:
        folder: an empty folder for the job, deleted at its end.
        results: the job's missing results, with their terms.
        out: the folder of results.
    """

    folder: Path
    results: Mapping[str, Terms]
    out: Path

    def place(self, result: str) -> Path:
        """Return the folder of a result, which is made, and then filled by the job."""
        (self.folder / result).mkdir(parents=True, exist_ok=True)
        return self.folder / result

    def keep(self, result: str, **facts: Any) -> None:
        """Move a complete result to its place; its terms, and facts about it, lie with it."""
        write_json(self.folder / result / DONE_FILE, _to_plain(self.results[result]) | facts)
        (self.out / result).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / result).rename(self.out / result)


def find_missing(results: Mapping[str, Terms], out: Path) -> dict[str, Terms]:
    """Return the missing results, with their terms.

    Raises:
        ValueError: a result was made with other terms, or a folder does not state its terms.
    """
    return {result: terms for result, terms in results.items() if not _has(out / result, terms)}


def _has(folder: Path, terms: Terms) -> bool:
    if not folder.exists():
        return False
    try:
        said = decode_json(read_bytes(folder / DONE_FILE), dict[str, Any])
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} holds no finished run ({error}); delete it") from None
    wanted = _to_plain(terms)
    if other := [name for name in wanted if said.get(name) != wanted[name]]:
        raise ValueError(
            f"{folder} was made with {other[0]} {said.get(other[0])!r}, and this run wants"
            f" {wanted[other[0]]!r}; choose another --out, or delete it"
        )
    return True


def _to_plain(terms: Terms) -> dict[str, Any]:
    """Return terms as JSON would give them back."""
    return msgspec.json.decode(msgspec.json.encode(terms), type=dict[str, Any])


def do_job(job: Job, out: Path) -> None:
    """Make the results of a job that are missing.

    Raises:
        RuntimeError: the job ended without one of its results.
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
    """Hold the lock of a file, which the kernel takes from a process that dies.

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
