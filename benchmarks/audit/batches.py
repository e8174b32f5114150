"""The training of a population: jobs of 25 agents, kept under ``subjects/<population>/``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.audit.populations import find_population
from benchmarks.audit.subjects import Subjects, train_subjects
from benchmarks.jobs.job import Job, Scratch
from benchmarks.jobs.store import Terms
from mesa_gym.scoring import salt_digest

BATCH = 25
# Of agents whose seeds and shares anyone may know.
OPEN_SALT = "open"
# About how fast they are trained.
STEPS_A_SECOND = 80_000


@dataclass(frozen=True)
class SubjectBatch:
    """Agents of a population that are trained together.

    Attributes:
        population: its name.
        salt: of their seeds.
        index: which batch.
    """

    population: str
    salt: str
    index: int

    @property
    def path(self) -> Path:
        """The file in which they are kept; no salt is ever on the disk."""
        name = f"{salt_digest(self.salt)[:16]}-{self.index:02d}.npz"
        return Path("subjects", self.population, name)

    @property
    def files(self) -> dict[Path, Terms]:
        """The same with its terms."""
        training = repr(find_population(self.population))
        return {self.path: {"training": training, "salt": salt_digest(self.salt), "agents": BATCH}}

    def job(self) -> Job:
        """Return what is to be done."""
        seconds = BATCH * find_population(self.population).run.steps / STEPS_A_SECOND
        name = f"{self.population}-{salt_digest(self.salt)[:8]}-{self.index:02d}"
        return Job(name, self.files, self.work, seconds)

    def work(self, scratch: Scratch) -> None:
        """Train them, and keep what they are."""
        population, first = find_population(self.population), self.index * BATCH
        seeds = population.draw_seeds(self.salt, first + BATCH)[first:]
        found = train_subjects(
            population, seeds, lambda steps: scratch.progress(steps, STEPS_A_SECOND)
        )
        arrays = found.list_arrays()
        if not all(np.isfinite(each).all() for each in arrays.values()):
            raise ValueError("a number of an agent is not finite")
        (scratch.folder / self.path).parent.mkdir(parents=True)
        np.savez(scratch.folder / self.path, **arrays)
        scratch.keep(self.path)


def list_batches(population: str, salt: str, count: int) -> list[SubjectBatch]:
    """Return the batches that have so many agents."""
    return [SubjectBatch(population, salt, index) for index in range(-(-count // BATCH))]


def load_subjects(out: Path, population: str, salt: str, count: int) -> Subjects:
    """Return the first agents of a population with a salt, which have been trained."""
    parts = []
    for batch in list_batches(population, salt, count):
        with np.load(out / batch.path, allow_pickle=False) as found:
            parts.append(Subjects.gather(found))
    return Subjects.join(parts).take(slice(count))
