"""The making of subjects: units of 25 agents, kept under ``subjects/<population>/``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.audit.populations import find_population
from benchmarks.audit.subjects import Subjects, train_subjects
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.runs.results import Results
from mesa_gym.engine.chance import hash64
from mesa_gym.scoring import salt_digest

BATCH = 25
# Of agents whose seeds and shares anyone may know; of so many, 200 solve enough to be labelled.
OPEN_SALT, OPEN_COUNT = "open", 225
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
        """The file in which they are kept; its name is of the salt's digest and the training's."""
        training = hash64(repr(find_population(self.population))) % 2**64
        name = f"{salt_digest(self.salt)[:16]}-{training:016x}-{self.index:02d}.npz"
        return Path("subjects", self.population, name)

    def unit(self) -> Unit:
        """Return what is to be done."""
        seconds = BATCH * find_population(self.population).run.steps / STEPS_A_SECOND
        return Unit(
            f"{self.population}-{salt_digest(self.salt)[:8]}-{self.index:02d}",
            self.is_done,
            self.work,
            seconds,
        )

    def is_done(self, results: Results) -> bool:
        """Return whether they are there."""
        return (results.folder / self.path).is_file()

    def work(self, scratch: Scratch) -> None:
        """Train them, and keep what they are."""
        population, first = find_population(self.population), self.index * BATCH
        seeds = population.draw_seeds(self.salt, first + BATCH)[first:]
        found = train_subjects(
            population, seeds, lambda steps: scratch.progress(steps, STEPS_A_SECOND)
        )
        (scratch.folder / self.path).parent.mkdir(parents=True)
        np.savez(scratch.folder / self.path, **found.list_arrays())
        scratch.keep(self.path)


def list_batches(population: str, salt: str, count: int) -> list[SubjectBatch]:
    """Return the batches that have so many agents."""
    return [SubjectBatch(population, salt, index) for index in range(-(-count // BATCH))]


def load_subjects(results: Results, population: str, salt: str, count: int) -> Subjects:
    """Return the first agents of a population with a salt.

    Raises:
        ValueError: they are not there, or a file is damaged.
    """
    parts = []
    for batch in list_batches(population, salt, count):
        path = results.folder / batch.path
        try:
            parts.append(_read_batch(path))
        except FileNotFoundError:
            raise ValueError(
                f"{path} is not there: make it with `python -m benchmarks audit make"
                f" {population} --salt {salt} --count {count}`"
            ) from None
        except Exception as error:  # NumPy raises a dozen kinds
            raise ValueError(f"{path} is damaged ({error}): remove it, and make it again") from None
    return Subjects.join(parts).take(slice(count))


def _read_batch(path: Path) -> Subjects:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
        subjects = Subjects.gather(found)
    arrays = [*subjects.list_arrays().values()]
    if {len(each) for each in arrays} != {BATCH} or not subjects.weights:
        raise ValueError(f"expected {BATCH} agents in each array, and their weights")
    if not all(np.isfinite(each).all() for each in arrays):
        raise ValueError("a number is not finite")
    return subjects
