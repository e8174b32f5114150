"""The training of a population: jobs of 25 agents, kept under ``subjects/<population>/``."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.audit.populations import find_population
from benchmarks.audit.subjects import Subjects, train_subjects
from benchmarks.jobs.job import Job, Scratch
from mesa_gym.scoring import salt_digest

BATCH = 25
# Of agents whose seeds and shares anyone may know.
OPEN_SALT = "open"
# About how fast they are trained.
STEPS_A_SECOND = 80_000


def list_paths(population: str, salt: str, count: int) -> list[Path]:
    """Return the files that have so many agents, relative to the results; none tells the salt."""
    digest, folder = salt_digest(salt)[:16], Path("subjects", population)
    return [folder / f"{digest}-{index:02d}.npz" for index in range(-(-count // BATCH))]


def list_batches(population: str, salt: str, count: int) -> list[Job]:
    """Return the jobs that train so many agents of a population, whose seeds a salt draws."""
    training = find_population(population)
    arrays = [each.name for each in fields(Subjects)]  # so that older files are refused by name
    of = {"training": repr(training), "salt": salt_digest(salt), "agents": BATCH, "arrays": arrays}
    return [
        Job(
            f"{population}-{path.stem}",
            {path: of},
            partial(train_batch, population, salt, index),
            BATCH * training.run.steps / STEPS_A_SECOND,
        )
        for index, path in enumerate(list_paths(population, salt, count))
    ]


def train_batch(name: str, salt: str, index: int, scratch: Scratch) -> None:
    """Train the agents of a job, and keep what they are."""
    population, first, (path,) = find_population(name), index * BATCH, scratch.files
    seeds = population.draw_seeds(salt, first + BATCH)[first:]
    arrays = train_subjects(population, seeds).list_arrays()
    if not all(np.isfinite(each).all() for each in arrays.values()):
        raise ValueError("a number of an agent is not finite")
    (scratch.folder / path).parent.mkdir(parents=True)
    np.savez(scratch.folder / path, **arrays)
    scratch.keep(path)


def load_subjects(out: Path, population: str, salt: str, count: int) -> Subjects:
    """Return the first agents of a population with a salt, which have been trained."""
    parts = []
    for path in list_paths(population, salt, count):
        with np.load(out / path, allow_pickle=False) as found:
            parts.append(Subjects.gather(found))
    return Subjects.join(parts).take(slice(count))
