"""Makes the library of trained agents: ``python -m benchmarks library make``.

Jobs train and score the agents, as for a board, in a folder of results that a board can share. The
agents are then added to the manifest (mesa_gym/trained/library.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

import msgspec
from msgspec import structs

from agents.jobs import runner
from agents.jobs.agents import CARD, describe_terms, list_agent_jobs, name_result
from agents.jobs.job import find_missing, hold_lock
from agents.run import Run
from benchmarks.arguments import Action, add_workers_option
from benchmarks.plan import list_lives, list_single_traps, plan_runs
from mesa_gym.command import DONE, FAILED
from mesa_gym.files import locate_path, read_bytes, write_bytes
from mesa_gym.policies import POLICY_FILE
from mesa_gym.policies.agent_files import AgentRecord
from mesa_gym.scoring import Cards, ScoreCard
from mesa_gym.trained.library import (
    MANIFEST,
    MANIFEST_SCHEMA,
    WEIGHTS,
    ManifestEntry,
    has_weights,
    read_manifest,
)
from mesa_gym.traps import find_trap

CARD_LEVELS = 1000  # per split, for the verdict
WORK, MANIFEST_LOCK = ".work", "manifest.lock"  # folder of results; lock for writing the manifest


def find_lacking(runs: Sequence[Run], folder: Path) -> list[Run]:
    """Return the trainings with agents or weights that are missing in a library."""
    there = {f"{e.trap}/{e.name}" for e in read_manifest(folder) if has_weights(e, folder)}
    return [run for run in runs if name_result(run) not in there]


def enter_agents(folder: Path, results: Path, runs: Sequence[Run], levels: int) -> None:
    """Add the agents of finished trainings to a library."""
    entries = list[ManifestEntry]()
    for run in runs:
        result = name_result(run)
        if not find_missing({result: describe_terms(run, levels)}, results):
            record = AgentRecord.load(results / result / POLICY_FILE)
            (card,) = Cards.load(results / result / CARD)
            entries.append(describe_agent(record, card))
            write_bytes(folder / entries[-1].weights, read_bytes(results / result / record.weights))
    write_entries(folder, entries)


def describe_agent(record: AgentRecord, card: ScoreCard) -> ManifestEntry:
    """Return the manifest's entry of an agent."""
    facts = structs.asdict(record)
    facts["weights"] = f"{record.trap}/{record.name}.safetensors"
    facts["curve"] = [(at, round(earned, 4)) for at, earned in record.curve]
    return ManifestEntry(**facts, verdict=card.verdict)


def write_entries(folder: Path, new_entries: Sequence[ManifestEntry]) -> None:
    """Add entries to the manifest, or replace them, under a lock."""
    with hold_lock(folder / WORK / MANIFEST_LOCK, wait=True):
        # A round trip through JSON gives new and existing entries equal bytes.
        added = msgspec.json.decode(msgspec.json.encode(new_entries), type=list[ManifestEntry])
        entries = {(entry.trap, entry.name): entry for entry in [*read_manifest(folder), *added]}
        lines = b",\n".join(msgspec.json.encode(entries[key]) for key in sorted(entries))
        write_bytes(
            folder / MANIFEST, b'{"schema": %d, "agents": [\n%b\n]}\n' % (MANIFEST_SCHEMA, lines)
        )


# -- the command -----------------------------------------------------------------------------------


def _add_make_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--traps", nargs="+", help="(default: all)")
    folder_help = f"the library's folder (default: {WEIGHTS})"
    parser.add_argument("--out", type=locate_path, default=WEIGHTS, help=folder_help)
    everything = "all seeds, alphas and planted agents"
    parser.add_argument("--all", action="store_true", help=everything)
    again = "those that are there too, in place of these"
    parser.add_argument("--again", action="store_true", help=again)
    folder_help = "where results lie meanwhile (default: .work in the library's folder)"
    parser.add_argument("--results", type=locate_path, help=folder_help)
    add_workers_option(parser)


def _make(options: argparse.Namespace) -> int:
    traps = [find_trap(name) for name in options.traps or ()]
    traps = traps or [*list_single_traps(), *list_lives()]
    runs, results = plan_runs(traps, options.all), options.results or options.out / WORK
    runs = runs if options.again else find_lacking(runs, options.out)
    failed = runner.run(list_agent_jobs(runs, CARD_LEVELS), results, options.workers)
    enter_agents(options.out, results, runs, CARD_LEVELS)
    return FAILED if failed else DONE


LIBRARY_ACTIONS = {
    "make": Action(
        "train and score the agents that are missing", _add_make_arguments, _make, attrgetter("out")
    )
}
