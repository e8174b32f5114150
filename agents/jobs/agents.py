"""Jobs that train and score agents, and jobs that score a trap's reference policies."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from msgspec import structs

from agents.algorithms import find_algorithm
from agents.jobs.job import (
    DONE_FILE,
    SCHEMA_TERM,
    WAITING_AGENTS,
    Job,
    Scratch,
    Terms,
    read_done,
)
from agents.loop import TrainedAgent
from agents.run import Run, strip_numbers
from agents.saving import save
from agents.train import train_runs
from mesa_gym.errors import PolicyError, require_imports
from mesa_gym.policies import POLICY_FILE, as_policy, references
from mesa_gym.scoring import Cards, ScoreCard, score_all
from mesa_gym.scoring.card import package_versions
from mesa_gym.scoring.card_fields import CARD_SCHEMA
from mesa_gym.scoring.plays import require_questions
from mesa_gym.terminal import say
from mesa_gym.traps import Trap, find_trap

CARD = "card.json"
# Agents that are trained in one process; they share compiled programs and solved levels.
BATCH = 5
# Approximate CPU seconds besides training: imports and compilation per job, and scoring per agent.
SECONDS_TO_BEGIN = 9
SECONDS_TO_SCORE = 2


def list_agent_jobs(
    runs: Iterable[Run], levels: int, folders: Mapping[Run, str] | None = None
) -> list[Job]:
    """Return the jobs that train agents and score them, the longest first.

    A result is an agent's folder with its card; ``done.json`` contains the CPU seconds of training
    and scoring. ``folders`` maps a training to a subfolder of the results' folder.

    Raises:
        ImportError: an extra of an algorithm is not installed.
        ValueError: a user's algorithm cannot be imported, or too few lives of a trap ask a question
            (``require_questions``).
    """
    runs = [*runs]
    algorithms = map(find_algorithm, dict.fromkeys(run.algo for run in runs))
    require_imports(*(algorithm.find_function for algorithm in algorithms))
    groups, jobs = defaultdict[Run, list[Run]](list), list[Job]()
    for run in runs:
        groups[strip_numbers(run)].append(run)
    for group in groups.values():
        require_questions(group[0].make_trap(), levels)
        for first in range(0, len(group), BATCH):
            batch = group[first : first + BATCH]
            places = {name_result(run, (folders or {}).get(run, "")): run for run in batch}
            results = {place: describe_terms(run, levels) for place, run in places.items()}
            seconds = SECONDS_TO_BEGIN + sum(run.seconds + SECONDS_TO_SCORE for run in batch)
            make = partial(make_agents, places, levels)
            jobs.append(Job(min(results), results, make, seconds))
    return sorted(jobs, key=lambda job: -job.seconds)


def name_result(run: Run, folder: str = "") -> str:
    """Return the path of a training's result, relative to the results' folder."""
    return str(Path(folder, find_trap(run.trap).name(), run.name))


def describe_terms(run: Run, levels: int) -> Terms:
    """Return the terms of a training's result: its settings, and the terms of its card."""
    return run.facts() | list_terms(levels)


def list_reference_jobs(traps: Iterable[type[Trap]], levels: int) -> list[Job]:
    """Return the jobs that score the reference policies of traps, with one result per trap."""
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
    """Return the terms of score cards: levels per split, schema, and this machine's versions."""
    versions = package_versions()
    del versions["processor"]  # the machines of a cluster may differ
    # The patch release of Python makes no difference.
    versions["python"] = versions["python"].rpartition(".")[0]
    return {"levels": levels, "versions": versions, SCHEMA_TERM: CARD_SCHEMA}


def make_agents(places: Mapping[str, Run], levels: int, scratch: Scratch) -> None:
    """Train the agents that are missing, score them, and keep each with its card.

    Trained agents are stored in ``WAITING_AGENTS`` until all agents are trained, so that a job that
    was stopped does not train these agents again.

    Raises:
        PolicyError: an agent failed; the others are kept.
    """
    began, left = process_time(), {x: run for x, run in places.items() if x in scratch.results}
    agents_folder, out = (folder / WAITING_AGENTS for folder in (scratch.folder, scratch.out))
    # Weights do not depend on the schema of cards.
    trainings = {
        place: {name: term for name, term in terms.items() if name != SCHEMA_TERM}
        for place, terms in scratch.results.items()
    }
    waiting = Scratch(agents_folder, trainings, out)
    if untrained := {run: place for place, run in left.items() if not waiting.has(place)}:

        def keep(run: Run, trained: TrainedAgent) -> None:
            nonlocal began
            began, before = process_time(), began
            save(waiting.folder / untrained[run], trained)
            waiting.keep(untrained[run], began - before)
            say(f"trained: {untrained[run]}")

        train_runs([*untrained], keep=keep)
    spent = 0.0
    for place in left:
        spent += read_done(waiting.out / place).seconds
        shutil.copytree(waiting.out / place, scratch.folder / place)
    specs = {run.name: str(scratch.folder / place) for place, run in left.items()}
    cards, failed = score_policies(next(iter(left.values())).make_trap(), specs, levels)
    seconds = round((process_time() - began + spent) / len(left), 2)
    for place, run in left.items():
        if card := cards.get(run.name):
            origin = structs.replace(card.provenance, command=run.command())
            structs.replace(card, provenance=origin).save(scratch.folder / place / CARD)
            scratch.keep(place, seconds)
    _raise_first(failed)


def make_references(trap: Trap, levels: int, scratch: Scratch) -> None:
    """Score the reference policies of a trap; raises the errors of ``make_agents``."""
    (result,) = scratch.results
    cards, failed = score_policies(trap, {name: name for name in references(trap)}, levels)
    _raise_first(failed)
    for name, card in cards.items():
        card.save(scratch.make_folder(result) / f"{name.replace(':', '-')}.json")
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
    """Return the cards of all results of a run; ValueError if a card is damaged."""
    files = sorted(out.glob("*/*/*.json"))
    card_files = [file for file in files if file.name not in (DONE_FILE, POLICY_FILE)]
    return [card for file in card_files for card in Cards.load(file)]
