"""Jobs that train and score agents, and those that score a trap's reference policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import structs

from agents.run import Run
from agents.saving import save
from agents.train import train_many
from benchmarks.jobs.job import DONE, Job, Scratch, Terms
from mesa_gym.errors import PolicyError
from mesa_gym.policies import POLICY_FILE, as_policy, references
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.scoring.card_data import package_versions
from mesa_gym.traps import Trap

CARD = "card.json"
# Seeds that are trained in one process, where they share what is compiled and solved.
BATCH = 5


def list_agent_jobs(runs: Iterable[Run], levels: int) -> list[Job]:
    """Return the jobs that train agents and score them, the longest first.

    A result is an agent's folder with its card. Of trainings with checkpoints the agents at these
    are kept, not the last.

    Args:
        runs: the trainings.
        levels: of each split, for scoring.
    """
    batches: dict[tuple[Run, int], list[Run]] = {}
    for run in runs:
        batches.setdefault((replace(run, seed=0), run.seed // BATCH), []).append(run)
    longest = sorted(batches.values(), key=lambda batch: -sum(run.seconds for run in batch))
    jobs = []
    for batch in longest:
        results = {x: terms for run in batch for x, terms in list_results(run, levels).items()}
        jobs.append(Job(min(results), results, partial(make_agents, batch, levels)))
    return jobs


def list_results(run: Run, levels: int) -> dict[str, Terms]:
    """Return the results of one training, each with the settings that it was made with."""
    facts = run.facts()
    trap = facts["trap"]
    del facts["checkpoints"]  # which have no influence
    return {
        f"{trap}/{name}": facts | {"trained_for": steps} | list_terms(levels)
        for name, steps in name_agents(run).items()
    }


def name_agents(run: Run) -> dict[str, int | None]:
    """Return the agents that a training gives: name -> steps, of a checkpoint."""
    if run.checkpoints == 1:
        return {run.name: None}
    marks = [run.steps * part // run.checkpoints for part in range(1, run.checkpoints)]
    return {f"{run.name}-at-{steps}": steps for steps in marks}


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


def make_agents(runs: Sequence[Run], levels: int, scratch: Scratch) -> None:
    """Train the agents that are missing, score them, and keep each with its card.

    Raises:
        PolicyError: an agent failed; the others are kept.
    """
    trap = runs[0].environment().trap
    left = [run for run in runs if list_results(run, levels).keys() & scratch.results.keys()]
    commands = {}
    for run, trained in zip(left, train_many(left[0], [r.seed for r in left]), strict=True):
        for agent in trained.earlier.values() if run.checkpoints > 1 else [trained]:
            result = f"{trap.name()}/{agent.record.name}"
            if result in scratch.results:
                save(scratch.folder / result, agent)
                commands[agent.record.name] = run.command()
    specs = {name: str(scratch.folder / trap.name() / name) for name in commands}
    cards, failed = score_policies(trap, specs, levels)
    for name, card in cards.items():
        origin = structs.replace(card.provenance, command=commands[name])
        structs.replace(card, provenance=origin).save(Path(specs[name]) / CARD)
        scratch.keep(f"{trap.name()}/{name}")
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


def read_cards(out: Path) -> list[ScoreCard]:
    """Return the cards of all results of a run; ValueError names a damaged one."""
    files = sorted(out.glob("*/*/*.json"))
    return [ScoreCard.load(file) for file in files if file.name not in (DONE, POLICY_FILE)]
