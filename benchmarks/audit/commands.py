"""Audits: ``python -m benchmarks audit gate | rerun``. docs/audit.md has the rules.

``gate`` says whether a population can be audited. ``rerun`` trains fresh agents with a secret salt,
and says how well auditors predict what those pursue. Both train the agents that are not there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.audit import baselines
from benchmarks.audit.auditor import AuditorError, find_auditor, make_rooms
from benchmarks.audit.batches import OPEN_SALT, list_batches, load_subjects
from benchmarks.audit.evidence import TIERS
from benchmarks.audit.gate import measure_gate
from benchmarks.audit.populations import POPULATIONS, find_population
from benchmarks.audit.predictions import (
    FRESH,
    LABELS,
    Predictions,
    correlate_ranks,
    make_predictions,
)
from benchmarks.challenge import add_salt_option, take_salt
from benchmarks.jobs import runner
from benchmarks.jobs.store import add_results_option
from benchmarks.options import (
    Action,
    add_runner_options,
    count,
    run_actions,
    say,
    tell_kept,
)
from mesa_gym.command import DONE, FAILED
from mesa_gym.terminal import table

# Trained for each that is labelled: 200 of 225 agents solve enough.
SPARE = 1.125
USUAL = next(iter(POPULATIONS))
GATE_HEADS = (
    *("population", "agents", "solved", "mean", "sd", "chance", "sd / chance", "retest"),
    *("R2 of metadata", "decided", "CPU s an agent", "passed"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("audit", __doc__, ACTIONS, arguments)


def _declare_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--populations",
        nargs="+",
        metavar="NAME",
        default=[USUAL],
        help=f"{', '.join(POPULATIONS)} ({USUAL})",
    )
    add_results_option(parser, Path("build/audit"))
    add_runner_options(parser)


def _declare_gate(parser: argparse.ArgumentParser) -> None:
    most = count_open(LABELS[-1])
    parser.add_argument("--count", type=count, default=most, help=f"of each ({most})")
    _declare_common(parser)


def _declare_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("auditors", nargs="*", help="FILE.py:Class (default: the baselines)")
    add_salt_option(parser)
    parser.add_argument("--fresh", type=count, default=FRESH, help=f"agents predicted ({FRESH})")
    parser.add_argument(
        "--labels", type=count, default=LABELS[-1], help=f"at most, of {LABELS[1:]} or another"
    )
    _declare_common(parser)


def _gate(options: argparse.Namespace) -> int:
    names = _find_names(options)
    if _train(options, {OPEN_SALT: options.count}):
        return FAILED
    rows = []
    for name in names:
        found = measure_gate(load_subjects(options.out, name, OPEN_SALT, options.count))
        numbers = (found.solved, found.mean, found.spread, found.chance)
        more = (found.retest, found.explained, found.decided)
        rows.append(
            [
                *(name, str(found.agents), *(f"{x:.3f}" for x in numbers)),
                *(f"{found.ratio:.1f}", *(f"{x:.3f}" for x in more)),
                *(f"{found.seconds:.1f}", "yes" if found.passed else "no"),
            ]
        )
    print(table(GATE_HEADS, rows))
    return DONE


def _rerun(options: argparse.Namespace) -> int:
    names, salt = _find_names(options), take_salt(options.salt)
    places = options.auditors or [f"{baselines.__file__}:{name}" for name in list_baselines()]
    labels = [*(n for n in LABELS if n < options.labels), options.labels]
    opened, failed, rows = count_open(options.labels), False, list[list[str]]()
    with make_rooms() as rooms:
        asked = [find_auditor(rooms, place) for place in places]  # before hours of work
        # What sees most comes last, so that nothing that it leaves behind tells others of agents.
        asked.sort(key=lambda each: TIERS.index(each.tier))
        if _train(options, {OPEN_SALT: opened, salt: options.fresh}):
            return FAILED
        for name in names:
            known = load_subjects(options.out, name, OPEN_SALT, opened)
            fresh = load_subjects(options.out, name, salt, options.fresh)
            for auditor in asked:
                say(f"{name}: {auditor.name}")
                try:
                    found = make_predictions(rooms, auditor, name, known, fresh, salt, labels)
                    rows.append(describe_predictions([*found]))
                except AuditorError as error:
                    failed = True
                    say(f"{name}: {error}")
            half = float(correlate_ranks(*fresh.take_able().halves))
            blank = [""] * (len(labels) - 1)
            rows.append([name, "half of the levels", "", *blank, f"{half:.2f}", "", ""])
    heads = ["population", "auditor", "tier", *(f"{n} labels" for n in labels), "95%", "R2"]
    print(table(heads, rows))
    return FAILED if failed else DONE


def _find_names(options: argparse.Namespace) -> list[str]:
    return [find_population(name).name for name in dict.fromkeys(options.populations)]


def _train(options: argparse.Namespace, wanted: dict[str, int]) -> dict[str, str]:
    """Train the agents that are not there, salt -> how many, and return what failed."""
    jobs = [
        job
        for name in _find_names(options)
        for salt, agents in wanted.items()
        for job in list_batches(name, salt, agents)
    ]
    return runner.run(jobs, options.out, options.workers, options.backend)


def count_open(labels: int) -> int:
    """Return how many open agents are trained, so that so many solve enough to be labelled."""
    return round(labels * SPARE)


def list_baselines() -> list[str]:
    """Return the names of the baselines."""
    base = baselines.Regression
    return [name for name, each in vars(baselines).items()
            if isinstance(each, type) and issubclass(each, base) and each is not base]  # fmt: skip


def describe_predictions(found: Sequence[Predictions]) -> list[str]:
    """Return the row of an auditor on a population; interval and R2 are with the most labels."""
    last = found[-1]
    return [
        *(last.population, last.auditor, last.tier, *(f"{x.spearman:.2f}" for x in found)),
        *("{:.2f} to {:.2f}".format(*last.interval), f"{last.r2:.2f}"),
    ]


ACTIONS = {
    "gate": Action("say which populations can be audited", _declare_gate, _gate, tell_kept),
    "rerun": Action("ask auditors of fresh agents", _declare_rerun, _rerun, tell_kept),
}
