"""Audits: ``python -m benchmarks audit rerun | predict | gate``. docs/audits.md has the rules.

``rerun`` trains fresh agents with a secret salt, and says how well auditors predict what those
pursue. ``predict`` says it of one agent that you trained. ``gate`` says which populations can be
audited. All train the agents that are not there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.audit import baselines, predictions
from benchmarks.audit.auditor import find_auditor, make_rooms, predict_shares
from benchmarks.audit.batches import OPEN_SALT, list_batches, load_subjects
from benchmarks.audit.evidence import TIERS, gather_evidence
from benchmarks.audit.gate import measure_gate
from benchmarks.audit.one_agent import load_subject, predict_share, require_enough
from benchmarks.audit.populations import POPULATIONS, find_population
from benchmarks.audit.predictions import (
    FRESH,
    LABELS,
    correlate_ranks,
    make_predictions,
)
from benchmarks.challenge import add_salt_option, take_salt
from benchmarks.jobs import runner
from benchmarks.jobs.store import add_results_option
from benchmarks.options import Action, add_runner_options, count, run_actions, say, tell_kept
from mesa_gym.command import DONE, FAILED
from mesa_gym.errors import PolicyError
from mesa_gym.terminal import table

# Trained for each that is labelled: 200 of 225 agents solve enough.
SPARE = 1.125
USUAL = next(iter(POPULATIONS))
# Of one agent: the auditor unless another is named, and what knows nothing of the agent.
BEST, NULL = "Probes", "MeanShare"
GATE_HEADS = (
    *("population", "agents", "solved", "mean", "sd", "chance", "sd / chance", "retest"),
    *("R2 of metadata", "decided", "CPU s an agent", "passed"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("audit", __doc__, ACTIONS, arguments)


def _declare_results(parser: argparse.ArgumentParser) -> None:
    add_results_option(parser, Path("build/audit"))
    add_runner_options(parser)


def _declare_populations(parser: argparse.ArgumentParser) -> None:
    told = f"{', '.join(POPULATIONS)} ({USUAL})"
    parser.add_argument("--populations", nargs="+", metavar="NAME", default=[USUAL], help=told)
    _declare_results(parser)


def _declare_gate(parser: argparse.ArgumentParser) -> None:
    most = count_open(LABELS[-1])
    parser.add_argument("--count", type=count, default=most, help=f"of each ({most})")
    _declare_populations(parser)


def _declare_labels(parser: argparse.ArgumentParser, usual: int) -> None:
    parser.add_argument("--labels", type=count, default=usual, help=f"labelled agents ({usual})")


def _declare_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("auditors", nargs="*", help="FILE.py:Class (default: the baselines)")
    add_salt_option(parser)
    told = f"agents predicted, {predictions.FEWEST} at least ({FRESH})"
    parser.add_argument("--fresh", type=count, default=FRESH, help=told)
    _declare_labels(parser, LABELS[-1])
    _declare_populations(parser)


def _declare_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, help="folder of an agent that agents.train saved")
    parser.add_argument("--auditor", help=f"FILE.py:Class (default: the baseline {BEST})")
    _declare_labels(parser, LABELS[-2])
    _declare_results(parser)


def _gate(options: argparse.Namespace) -> int:
    if _train(options, options.populations, {OPEN_SALT: options.count}):
        return FAILED
    rows = []
    for name in options.populations:
        found = measure_gate(load_subjects(options.out, name, OPEN_SALT, options.count))
        spread = found.agents, found.solved, found.mean, found.spread, found.chance, found.ratio
        numbers = *spread, found.retest, found.explained, found.decided, found.seconds
        told = (f"{number:.3g}" for number in numbers)
        rows.append([name, *told, "yes" if found.passed else "no"])
    print(table(GATE_HEADS, rows))
    return DONE


def _rerun(options: argparse.Namespace) -> int:
    if options.fresh < predictions.FEWEST:  # before hours of work
        raise ValueError(
            f"--fresh {options.fresh}: expected {predictions.FEWEST} at least, for a correlation"
        )
    salt, places = take_salt(options.salt), options.auditors or map(_place, list_baselines())
    labels = [*(n for n in LABELS if n < options.labels), options.labels]
    opened, failed, rows = count_open(options.labels), False, list[list[str]]()
    with make_rooms() as rooms:
        asked = [find_auditor(rooms, place) for place in places]  # before hours of work
        # What sees most comes last, so that nothing that it leaves behind tells others of agents.
        asked.sort(key=lambda each: TIERS.index(each.tier))
        if _train(options, options.populations, {OPEN_SALT: opened, salt: options.fresh}):
            return FAILED
        for name in options.populations:
            known = load_subjects(options.out, name, OPEN_SALT, opened)
            fresh = load_subjects(options.out, name, salt, options.fresh)
            for auditor in asked:
                say(f"{name}: {auditor.name}")
                try:
                    found = [*make_predictions(rooms, auditor, name, known, fresh, salt, labels)]
                except PolicyError as error:
                    failed = True
                    say(f"{name}: {error}")
                    continue
                orders, last = (f"{each.spearman:.2f}" for each in found), found[-1]
                interval = "{:.2f} to {:.2f}".format(*last.interval)
                rows.append([name, auditor.name, auditor.tier, *orders, interval, f"{last.r2:.2f}"])
            half, blank = correlate_ranks(*fresh.take_able().halves), [""] * (len(labels) - 1)
            rows.append([name, "half of the levels", "", *blank, f"{half:.2f}", "", ""])
    heads = ["population", "auditor", "tier", *(f"{n} labels" for n in labels), "95%", "R2"]
    print(table(heads, rows))
    return FAILED if failed else DONE


def _predict(options: argparse.Namespace) -> int:
    require_enough(options.labels)  # before hours of work
    population, record, subject = load_subject(options.agent)
    name, opened, rows = population.name, count_open(options.labels), list[list[str]]()
    with make_rooms() as rooms:
        places = options.auditor or _place(BEST), _place(NULL)
        asked = [find_auditor(rooms, place) for place in places]
        if _train(options, [name], {OPEN_SALT: opened}):
            return FAILED
        # An open agent is not told of itself.
        others = np.array(population.draw_seeds(OPEN_SALT, opened)) != record.seed
        known = load_subjects(options.out, name, OPEN_SALT, opened).take(others).take_able()
        known = known.take(slice(options.labels))
        for auditor in asked:
            evidence = [gather_evidence(each, auditor.tier, OPEN_SALT) for each in (known, subject)]
            predict = partial(predict_shares, rooms, auditor)
            found = predict_share(predict, evidence[0], known.share, evidence[1])
            interval = f"{found.low:.2f} to {found.high:.2f}"
            rows.append([auditor.name, auditor.tier, f"{found.share:.2f}", interval])
    rows[-1][0] += ", whatever the agent"
    print(
        f"{record.name} of {name}: where it goes for {population.first} or {population.second}"
        f" under the shift, how often for {population.first}? Told from {len(known.share)} others."
    )
    print(table(("auditor", "tier", "predicted share", "95%"), rows))
    return DONE


def _place(baseline: str) -> str:
    return f"{baselines.__file__}:{baseline}"


def _train(options: argparse.Namespace, names: Sequence[str], wanted: Mapping[str, int]) -> bool:
    """Train the agents that are not there, salt -> how many, and return whether one failed."""
    jobs = [
        job
        for name in dict.fromkeys(find_population(name).name for name in names)
        for salt, agents in wanted.items()
        for job in list_batches(name, salt, agents)
    ]
    return bool(runner.run(jobs, options.out, options.workers, options.backend))


def count_open(labels: int) -> int:
    """Return how many open agents are trained, so that so many solve enough to be labelled."""
    return round(labels * SPARE)


def list_baselines() -> list[str]:
    """Return the names of the baselines."""
    base = baselines.Regression
    return [name for name, each in vars(baselines).items()
            if isinstance(each, type) and issubclass(each, base) and each is not base]  # fmt: skip


ACTIONS = {
    "rerun": Action("ask auditors of fresh agents", _declare_rerun, _rerun, tell_kept),
    "predict": Action("say what one agent will pursue", _declare_predict, _predict, tell_kept),
    "gate": Action("say which populations can be audited", _declare_gate, _gate, tell_kept),
}
