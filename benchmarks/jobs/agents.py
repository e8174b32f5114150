"""Jobs that train and score agents, and those that score a trap's reference policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from agents.run import Run
from agents.train import train_many
from benchmarks.jobs.job import Job, Scratch
from benchmarks.jobs.store import Terms, agent_path, card_path, training_path
from mesa_gym.errors import PolicyError
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.policies import POLICY_FILE, as_policy, references
from mesa_gym.scoring import salt_digest, score_all
from mesa_gym.scoring.card_data import package_versions
from mesa_gym.traps import Split, Trap, find_trap

# Seeds that are trained in one process, where they share what is compiled.
BATCH = 5
# Levels that a core solves a second, or plays by a batch: for the order of the work.
LEVELS_A_SECOND = 150


def list_agent_jobs(runs: Iterable[Run], levels: int) -> list[Job]:
    """Return the jobs that train agents and score them, the longest first.

    Args:
        runs: the trainings; of those with checkpoints the agents at these are kept, not the last.
        levels: of each split, for scoring.
    """
    batches: dict[str, list[Run]] = {}
    for run in runs:
        batches.setdefault(_name_batch(run), []).append(run)
    jobs = [_describe_batch(name, batch, levels) for name, batch in batches.items()]
    return sorted(jobs, key=lambda job: -job.seconds)


def _name_batch(run: Run) -> str:
    """Return the name of the batch of a run, whichever of its seeds are to be trained.

    Names are locks: that of an agent depends neither on how many seeds a run wants nor on how many
    cores it has, so that two runs in a folder never train one agent.
    """
    trap, parts = find_trap(run.trap).name(), "-checkpoints" if run.checkpoints > 1 else ""
    if not run.algorithm.compiled:
        return f"{trap}-{run.name}{parts}"
    first = run.seed // BATCH * BATCH
    return f"{trap}-{replace(run, seed=first).name}-to-s{first + BATCH - 1}{parts}"


def list_reference_jobs(traps: Iterable[type[Trap]], levels: int, salt: str = "") -> list[Job]:
    """Return the jobs that score the reference policies of traps, each as ``list_agent_jobs``."""
    jobs = []
    for trap in traps:
        terms = {"trap": trap.name()} | list_terms(levels, salt)
        files = {card_path(trap.name(), name): terms for name in references(trap)}
        specs = {name: name for name in references(trap)}
        make = partial(score_policies, trap(), specs, levels, salt)
        jobs.append(Job(f"{trap.name()}-references", files, make, count_seconds(levels)))
    return jobs


def _describe_batch(name: str, runs: Sequence[Run], levels: int) -> Job:
    """Return the job of trainings that differ in the seed alone."""
    files: dict[Path, Terms] = {}
    for run in runs:
        files |= list_agent_files(run, levels)
    seconds = sum(run.seconds for run in runs) + count_seconds(levels)
    return Job(name, files, partial(make_agents, runs, levels), seconds)


def make_agents(runs: Sequence[Run], levels: int, scratch: Scratch) -> None:
    """Train the agents that are missing, and score those whose cards are.

    Raises:
        PolicyError: an agent failed; the others are scored and kept.
    """
    trap, folder = runs[0].environment().trap, scratch.results.folder
    _train_missing(runs, trap.name(), scratch)
    agents = {n: agent_path(trap.name(), n) for run in runs for n in name_agents(run)}
    for name, agent in agents.items():
        record = training_path(trap.name(), name)
        if record in scratch.missing:
            write_bytes(scratch.folder / record, read_bytes(folder / agent / POLICY_FILE))
            scratch.keep(record)
    specs = {name: str(folder / agent) for name, agent in agents.items()}
    score_policies(trap, specs, levels, "", scratch)


def _train_missing(runs: Sequence[Run], trap: str, scratch: Scratch) -> None:
    places = {run: {agent_path(trap, name) for name in name_agents(run)} for run in runs}
    left = [run for run in runs if places[run] & {*scratch.missing}]
    if not left:
        return
    from agents.saving import save

    for trained in train_many(left[0], [run.seed for run in left]):
        kept = trained.earlier.values() if left[0].checkpoints > 1 else [trained]
        for place, agent in ((agent_path(trap, each.record.name), each) for each in kept):
            if place in scratch.missing:
                save(scratch.folder / place, agent)
                scratch.keep(place)


def name_agents(run: Run) -> dict[str, int | None]:
    """Return the agents that a training gives: name -> steps, of a checkpoint."""
    if run.checkpoints == 1:
        return {run.name: None}
    marks = [run.steps * part // run.checkpoints for part in range(1, run.checkpoints)]
    return {f"{run.name}-at-{steps}": steps for steps in marks}


def list_agent_files(run: Run, levels: int) -> dict[Path, Terms]:
    """Return all that is made of a training: weights, records and cards, with their terms."""
    facts, files = run.facts(), dict[Path, Terms]()
    trap = facts["trap"]
    del facts["checkpoints"]  # which have no influence
    for name, steps in name_agents(run).items():
        own = facts | {"trained_for": steps}
        files[agent_path(trap, name)] = files[training_path(trap, name)] = own
        files[card_path(trap, name)] = own | list_terms(levels)
    return files


def list_terms(levels: int, salt: str = "") -> dict[str, Any]:
    """Return the terms of all score cards of so many levels of each split, made here."""
    versions = trim_versions(package_versions())
    return {"levels": levels, "salt": salt_digest(salt), "versions": versions}


def trim_versions(versions: Mapping[str, str]) -> dict[str, str]:
    """Return the versions that cards must share: of Python without its patch release."""
    python = {"python": versions["python"].rpartition(".")[0]} if "python" in versions else {}
    return {**versions, **python}


def count_seconds(levels: int) -> float:
    """Return about how long it takes to score so many levels of each split."""
    return levels * len(Split) / LEVELS_A_SECOND


def score_policies(
    trap: Trap, specs: Mapping[str, str], levels: int, salt: str, scratch: Scratch
) -> None:
    """Score the policies whose cards are missing together, as they share what solving costs.

    Args:
        trap: what they are scored on.
        specs: name -> what ``mesa_gym.policies.as_policy`` takes.
        levels: of each split.
        salt: an evaluator's secret; "" for the public levels.
        scratch: where their cards are kept.

    Raises:
        PolicyError: one failed; the others are scored and kept.
    """
    places = {name: card_path(trap.name(), name) for name in specs}
    makers = {
        name: partial(as_policy, specs[name], trap)
        for name, place in places.items()
        if place in scratch.missing
    }
    failed = dict[str, PolicyError]()
    cards = score_all(makers, trap, levels, salt=salt, failed=failed)
    for name, card in cards.items():
        card.save(scratch.folder / places[name])
        scratch.keep(places[name])
    if failed:
        first, *others = failed.values()
        for error in others:
            first.add_note(str(error))
        raise first
