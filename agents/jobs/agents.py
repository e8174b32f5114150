"""Jobs that train and score agents, and those that score a trap's reference policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from msgspec import structs

from agents.config import Run
from agents.jobs.job import DONE_FILE, Job, Scratch, Terms
from agents.saving import save
from agents.train import train_many
from mesa_gym.errors import PolicyError
from mesa_gym.policies import POLICY_FILE, as_policy, references
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.scoring.card import package_versions
from mesa_gym.traps import Trap, find_trap

CARD = "card.json"
# Seeds that are trained in one process, where they share what is compiled and solved.
BATCH = 5


def list_agent_jobs(runs: Iterable[Run], levels: int, folder: str = "") -> list[Job]:
    """Return the jobs that train agents and score them, the longest first.

    A result is an agent's folder with its card; ``done.json`` has the CPU seconds that both took.

    Args:
        runs: the trainings.
        levels: of each split, for scoring.
        folder: that the agents are put into, in the run's.
    """
    batches: dict[tuple[Run, int], list[Run]] = {}
    for run in runs:
        batches.setdefault((replace(run, seed=0), run.seed // BATCH), []).append(run)
    longest = sorted(batches.values(), key=lambda batch: -sum(run.seconds for run in batch))
    jobs = []
    for batch in longest:
        results = {name_result(run, folder): describe_terms(run, levels) for run in batch}
        jobs.append(Job(min(results), results, partial(make_agents, batch, levels, folder)))
    return jobs


def name_result(run: Run, folder: str = "") -> str:
    """Return the name of a training's result, in a folder of the run's."""
    return str(Path(folder, find_trap(run.trap).name(), run.name))


def describe_terms(run: Run, levels: int) -> Terms:
    """Return the settings that a training's result is made with."""
    return run.facts() | list_terms(levels)


def list_reference_jobs(traps: Iterable[type[Trap]], levels: int) -> list[Job]:
    """Return the jobs that score the reference policies of traps, a result each."""
    results = {trap: f"{trap.name()}/references" for trap in traps}
    return [
        Job(
            result,
            {result: {"trap": trap.name()} | list_terms(levels)},
            partial(make_references, trap(), levels),
        )
        for trap, result in results.items()
    ]


def list_terms(levels: int) -> dict[str, Any]:
    """Return the terms of all score cards of so many levels of each split, made here."""
    versions = package_versions()
    # The patch release of Python makes no difference.
    versions["python"] = versions["python"].rpartition(".")[0]
    return {"levels": levels, "versions": versions}


def make_agents(runs: Sequence[Run], levels: int, folder: str, scratch: Scratch) -> None:
    """Train the agents that are missing, score them, and keep each with its card.

    Raises:
        PolicyError: an agent failed; the others are kept.
    """
    trap = runs[0].environment().trap
    began, places = process_time(), {run.name: name_result(run, folder) for run in runs}
    left = [run for run in runs if places[run.name] in scratch.results]
    for run, trained in zip(left, train_many(left[0], [r.seed for r in left]), strict=True):
        save(scratch.folder / places[run.name], trained)
    commands = {run.name: run.command() for run in left}
    specs = {name: str(scratch.folder / places[name]) for name in commands}
    cards, failed = score_policies(trap, specs, levels)
    seconds = round((process_time() - began) / len(left), 2)
    for name, card in cards.items():
        origin = structs.replace(card.provenance, command=commands[name])
        structs.replace(card, provenance=origin).save(Path(specs[name]) / CARD)
        scratch.keep(places[name], seconds=seconds)
    _raise_first(failed)


def make_references(trap: Trap, levels: int, scratch: Scratch) -> None:
    """Score the reference policies of a trap; errors are those of ``make_agents``."""
    (result,) = scratch.results
    cards, failed = score_policies(trap, {name: name for name in references(trap)}, levels)
    _raise_first(failed)
    for name, card in cards.items():
        card.save(scratch.place(result) / f"{name.replace(':', '-')}.json")
    scratch.keep(result)


def score_policies(
    trap: Trap, specs: Mapping[str, str], levels: int
) -> tuple[dict[str, ScoreCard], list[PolicyError]]:
    """Score policies together, so that levels are solved once; return cards and failures."""
    makers = {name: partial(as_policy, spec, trap) for name, spec in specs.items()}
    failed = dict[str, PolicyError]()
    return score_all(makers, trap, levels, failed=failed), [*failed.values()]


def _raise_first(failed: Sequence[PolicyError]) -> None:
    for error in failed[1:]:
        failed[0].add_note(str(error))
    if failed:
        raise failed[0]


def read_results(out: Path) -> list[ScoreCard]:
    """Return the cards of all results of a run; ValueError names a damaged one."""
    files = sorted(out.glob("*/*/*.json"))
    return [ScoreCard.load(file) for file in files if file.name not in (DONE_FILE, POLICY_FILE)]
