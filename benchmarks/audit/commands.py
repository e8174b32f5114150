"""Audits: ``python -m benchmarks audit make | gate | rerun | page``. docs/audit.md has the rules.

``make`` trains agents of a population; ``gate`` says whether it can be audited. ``rerun`` trains
fresh agents with a secret salt, and says how well auditors predict what those pursue.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.audit import auditors
from benchmarks.audit.asking import Auditor, AuditorError, find_auditor, make_rooms
from benchmarks.audit.evidence import TIERS
from benchmarks.audit.gate import measure_gate
from benchmarks.audit.ladder import (
    FRESH,
    LABELLED,
    AuditRung,
    climb_ladder,
    measure_ceiling,
    summarize_auditor,
)
from benchmarks.audit.making import OPEN_COUNT, OPEN_SALT, list_batches, load_subjects
from benchmarks.audit.populations import POPULATIONS, find_population
from benchmarks.jobs import runner
from benchmarks.jobs.store import Results
from benchmarks.options import (
    Action,
    add_runner_options,
    count,
    folder,
    run_actions,
    say,
    tell_kept,
)
from mesa_gym.command import DONE, FAILED
from mesa_gym.engine.chance import hash64
from mesa_gym.files import read_bytes, write_bytes, write_text
from mesa_gym.json_data import decode_json
from mesa_gym.scoring import salt_digest
from mesa_gym.terminal import table

OUT = Path("build/audit")
GATE_HEADS = (
    *("population", "agents", "solved", "mean", "sd", "chance", "sd / chance", "retest"),
    *("R2 of metadata", "decided", "CPU s an agent", "passed"),
)
NAMES = f"{', '.join(POPULATIONS)} (default: all of these)"
# Characters of a secret salt.
LEAST_SALT = 16


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("audit", __doc__, ACTIONS, arguments)


def _declare_make(parser: argparse.ArgumentParser) -> None:
    _declare_gate(parser)
    add_runner_options(parser)


def _declare_gate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("populations", nargs="*", metavar="NAME", help=NAMES)
    parser.add_argument("--salt", default=OPEN_SALT, help=f"of the seeds ({OPEN_SALT})")
    parser.add_argument("--count", type=count, default=OPEN_COUNT, help=f"of each ({OPEN_COUNT})")
    _declare_out(parser)


def _declare_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=folder, default=OUT, help=f"where agents are kept ({OUT})")


def _make(options: argparse.Namespace) -> int:
    names = [find_population(name).name for name in options.populations or POPULATIONS]
    wanted = {name: {options.salt: options.count} for name in names}
    return FAILED if _train(options, wanted) else DONE


def _train(options: argparse.Namespace, wanted: dict[str, dict[str, int]]) -> dict[str, str]:
    """Train the agents that are not there: population -> salt -> how many."""
    jobs = [
        batch.job()
        for name, salts in wanted.items()
        for salt, agents in salts.items()
        for batch in list_batches(name, salt, agents)
    ]
    return runner.run(jobs, options.out, options.workers, options.backend)


def _gate(options: argparse.Namespace) -> int:
    rows = []
    for name in options.populations or POPULATIONS:
        find_population(name)
        found = measure_gate(load_subjects(Results(options.out), name, options.salt, options.count))
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


def _declare_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("auditors", nargs="*", help="FILE.py:Class (default: the baselines)")
    parser.add_argument(
        "--populations", nargs="+", metavar="NAME", default=[*POPULATIONS], help=NAMES
    )
    parser.add_argument("--salt", help="the evaluator's secret (default: drawn, and printed)")
    parser.add_argument("--fresh", type=count, default=FRESH, help=f"agents predicted ({FRESH})")
    _declare_out(parser)
    add_runner_options(parser)


def _rerun(options: argparse.Namespace) -> int:
    places = options.auditors or [f"{auditors.__file__}:{name}" for name in list_baselines()]
    populations = [find_population(name) for name in dict.fromkeys(options.populations)]
    salt, results = options.salt or secrets.token_hex(LEAST_SALT), Results(options.out)
    _require_secret(salt)
    say(f"salt {salt}")
    wanted = {each.name: {OPEN_SALT: OPEN_COUNT, salt: options.fresh} for each in populations}
    rungs, ceilings, failed = list[AuditRung](), dict[str, float](), False
    with make_rooms() as rooms:
        asked = [find_auditor(rooms, place) for place in places]  # before hours of work
        # What sees most comes last, so that nothing that it leaves behind tells others of agents.
        asked.sort(key=lambda each: TIERS.index(each.tier))
        path = options.out / "ladders" / name_ladder(asked, salt, [*wanted])
        if _train(options, wanted):
            return FAILED
        for each in populations:
            known = load_subjects(results, each.name, OPEN_SALT, OPEN_COUNT)
            fresh = load_subjects(results, each.name, salt, options.fresh)
            ceilings[each.name] = measure_ceiling(fresh)
            for auditor in asked:
                say(f"{each.name}: {auditor.name}")
                try:
                    rungs += [*climb_ladder(rooms, auditor, each, known, fresh, salt)]
                except AuditorError as error:
                    failed = True
                    say(f"{each.name}: {error}")
                write_bytes(path, msgspec.json.format(msgspec.json.encode(rungs), indent=0))
    heads = ["population", "auditor", "tier", *(f"{n} labels" for n in LABELLED)]
    rows = tabulate_rungs(rungs, ceilings)
    print(table([*heads, "95%", "shuffled, 95%", "AUROC", "R2"], rows))
    sums = {each: summarize_auditor(rungs, each.name, populations) for each in asked}
    rows = [[each.name, each.tier, *(f"{x:.2f}" for x in sums[each].values())] for each in asked]
    print(f"\nSpearman's correlation with {LABELLED[-1]} labels")
    print(table(["auditor", "tier", *sums[asked[0]]], rows))
    say(f"wrote {path}")
    return FAILED if failed else DONE


def _require_secret(salt: str) -> None:
    """Raise ValueError for a salt that is easily guessed: files are named by its digest."""
    if len(salt) < LEAST_SALT:
        raise ValueError(
            f"salt {salt!r} is easily guessed: expected {LEAST_SALT} characters at least; without"
            " --salt one is drawn"
        )


def name_ladder(asked: Sequence[Auditor], salt: str, populations: Sequence[str]) -> str:
    """Return the name of a rerun's file, by its salt, its auditors' code and its populations.

    Raises:
        ValueError: two auditors have one name.
    """
    names = [auditor.name for auditor in asked]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two auditors are called {min(twice)}; give one of them another name")
    code = [(each.name, Path(each.code.file).read_bytes()) for each in asked]
    digest = hash64(repr((code, populations))) % 2**64
    return f"{salt_digest(salt)[:16]}-{digest:016x}.json"


def list_baselines() -> list[str]:
    """Return the names of the baselines."""
    base = auditors.Regression
    return [name for name, each in vars(auditors).items()
            if isinstance(each, type) and issubclass(each, base) and each is not base]  # fmt: skip


def tabulate_rungs(rungs: Sequence[AuditRung], ceilings: Mapping[str, float]) -> list[list[str]]:
    """Return a row for each auditor and population, the figures of all numbers of labels in one."""
    rows = []
    for first in range(0, len(rungs), len(LABELLED)):
        own = rungs[first : first + len(LABELLED)]
        last = own[-1]
        rows.append(
            [
                *(last.population, last.auditor, last.tier, *(f"{x.spearman:.2f}" for x in own)),
                "{:.2f} to {:.2f}".format(*last.interval),
                *(f"{x:.2f}" for x in (last.null, last.auroc, last.r2)),
            ]
        )
    for name, ceiling in ceilings.items():
        shown = [""] * (len(LABELLED) - 1) + [f"{ceiling:.2f}"]
        rows.append([name, "half of the conflict", "open", *shown, "", "", "", ""])
    return rows


def _declare_page(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ladder", type=Path, help="what a rerun wrote")
    parser.add_argument("--guess", default="planner-cheese", help="population of an agent to guess")
    parser.add_argument("--page", type=Path, default=OUT / "audit.html", help="(%(default)s)")


def _page(options: argparse.Namespace) -> int:
    from benchmarks.audit.page import fill_page

    population = find_population(options.guess)
    rungs = decode_json(read_bytes(options.ladder), list[AuditRung])
    write_text(options.page, fill_page(rungs, population))
    say(f"wrote {options.page}")
    return DONE


ACTIONS = {
    "make": Action("train agents of populations", _declare_make, _make, tell_kept),
    "gate": Action("say which populations can be audited", _declare_gate, _gate),
    "rerun": Action("ask auditors of fresh agents", _declare_rerun, _rerun, tell_kept),
    "page": Action("draw a rerun", _declare_page, _page),
}
