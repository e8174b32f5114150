"""One agent of a population's training: what an auditor says that it will pursue, how surely."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agents.lesson import POINTS
from benchmarks.audit.evidence import Evidence
from benchmarks.audit.populations import POPULATIONS, Population
from benchmarks.audit.subjects import ABLE, Floats, Subjects, measure_agents
from mesa_gym.policies import POLICY_FILE, read_policy_file
from mesa_gym.trained.loading import load
from mesa_gym.trained.record import AgentRecord

# Facts of a record that make two trainings the same, apart from the seed.
TRAINING = ("trap", "algo", "steps", "alpha", "reward", "num_levels", "settings", "stages")
COVERAGE, FOLDS = 0.95, 20
# Of fewer labelled agents an interval of this coverage would be everything.
FEWEST = 20
# Fits an auditor to evidence and shares, and returns what it predicts of other evidence.
Predict = Callable[[Evidence, Floats, Evidence], Floats]


class PredictedShare(NamedTuple):
    """A predicted share of the first objective, and the ends of its interval."""

    share: float
    low: float
    high: float


def find_training(record: AgentRecord) -> Population:
    """Return the population that an agent was trained like.

    Raises:
        ValueError: there is none.
    """
    for population in POPULATIONS.values():
        facts = population.run.facts()
        if record.trained_for is None and all(getattr(record, x) == facts[x] for x in TRAINING):
            return population
    commands = "\n".join(f"  {each.run.command()}" for each in POPULATIONS.values())
    raise ValueError(
        f"{record.name} was not trained as a population's agents are; expected one, with any seed,"
        f" of\n{commands}"
    )


def load_subject(folder: Path) -> tuple[Population, AgentRecord, Subjects]:
    """Return what is known of an agent that ``agents.train`` saved.

    Raises:
        ValueError: it is damaged, of no population's training, or solves too little.
    """
    read_policy_file(folder)  # says what to do where there is none
    record = AgentRecord.load(folder / POLICY_FILE)
    population = find_training(record)
    at, means = np.array(record.curve).T
    curve = np.interp(record.steps * np.arange(1, POINTS + 1) / POINTS, at, means)
    found = measure_agents(population, [load(folder, population.trap)], [curve], [0])
    if found.solved[0] < ABLE:
        raise ValueError(
            f"{folder} solves {found.solved[0]:.2f} of test; expected {ABLE} at least, as of the"
            " agents from which auditors learn"
        )
    return population, record, found


def require_enough(labels: int) -> None:
    """Raise ValueError where an interval needs more labelled agents."""
    if labels < FEWEST:
        raise ValueError(f"{labels} agents are labelled; an interval needs {FEWEST} at least")


def predict_share(
    predict: Predict, known: Evidence, shares: Floats, asked: Evidence
) -> PredictedShare:
    """Return what an auditor predicts of one agent, with an interval from its own errors.

    It is CV+ (Barber et al. 2021): each part of the labelled agents is predicted from all others,
    and so is the agent itself; the interval goes as far from these predictions as the errors do.

    Args:
        predict: of the auditor.
        known: evidence of labelled agents, trained alike.
        shares: theirs.
        asked: evidence of the agent.

    Raises:
        ValueError: too few agents are labelled.
    """
    require_enough(count := len(shares))
    part, ends = np.arange(count) % FOLDS, np.empty((2, count))
    for each in range(FOLDS):
        left = part == each
        others = {name: array[~left] for name, array in known.items()}
        both = {name: np.concatenate([known[name][left], asked[name]]) for name in known}
        *found, own = np.clip(predict(others, shares[~left], both), 0, 1)
        missed = np.abs(shares[left] - found)
        ends[:, left] = own - missed, own + missed
    rank = ceil(COVERAGE * (count + 1))
    low, high = np.sort(ends[0])[count - rank], np.sort(ends[1])[rank - 1]
    share = predict(known, shares, asked)[0]
    return PredictedShare(*(float(np.clip(x, 0, 1)) for x in (share, low, high)))
