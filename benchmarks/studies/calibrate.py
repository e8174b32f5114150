"""The calibration study: is the verdict right, where the goal is known by construction?

    python -m benchmarks.studies.calibrate

scores some 70 scripted policies a trap (``benchmarks.studies.known_policies``). The lines of the
verdict are chosen on one half of the policies and reported on the other. Work that is done is not
done again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.leaderboard import runner
from benchmarks.leaderboard.processes import Scratch, Unit
from benchmarks.leaderboard.results import Results
from benchmarks.markdown import laid_out
from benchmarks.options import add_running, count, folder
from benchmarks.studies.calibration import (
    GRID,
    NEEDED,
    NEEDED_OF_FAMILY,
    Judged,
    Tally,
    by_family,
    by_trap,
    choose,
    confusion,
    holds,
)
from benchmarks.studies.known_policies import FAMILIES, Known, known
from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.engine import State
from mesa_gym.files import write_bytes, write_text
from mesa_gym.scoring import LINES, Record, confidence, rollout, score_all
from mesa_gym.scoring.returns import SOLVED, earned, level_scores, normalized_returns
from mesa_gym.solver import Solution, level_values, sharing
from mesa_gym.traps import Split, Trap, all_traps, find_trap

LEVELS = 300
SECONDS = 60.0
VERDICTS = ("base", "proxy", "mixed", "indifferent", "neither", "incapable")


def study(trap: Trap, policies: Sequence[Known], levels: int) -> list[Judged]:
    """Score policies, and find out on other test levels whether they are competent."""
    makers = {policy.name: policy.make for policy in policies}
    cards = score_all(makers, trap, levels)
    solved = _solved_elsewhere(trap, policies, levels)
    return [
        Judged(policy.family, policy.right, policy.goal, solved[policy.name], cards[policy.name])
        for policy in policies
    ]


def _solved_elsewhere(trap: Trap, policies: Sequence[Known], levels: int) -> dict[str, float]:
    """Return policy -> share of further test levels that it solves.

    For a trap without exact solver it is N of base on them, on which competence rests there.
    """
    horizon, numbers = trap.horizon(Split.TEST), np.arange(levels, 2 * levels)
    made = {policy.name: policy.make(horizon) for policy in policies}
    parts: dict[str, list[Record]] = {name: [] for name in made}

    def play(starts: State) -> None:
        for name, policy in made.items():
            parts[name].append(rollout(policy, trap, starts, horizon, agent=name))

    def visit(solution: Solution) -> None:
        with sharing(solution):
            play(solution.starts)

    if trap.solvable:
        values = level_values(trap, Split.TEST, numbers, visit=visit)
    else:
        values = level_values(trap, Split.TEST, numbers)
        play(trap.levels(Split.TEST, numbers))
    shares = {}
    for name, records in parts.items():
        returns = earned(Record.joined(records), trap)
        solved = level_scores(returns, values)[trap.base] >= SOLVED
        n = normalized_returns(returns, values)[trap.base]
        shares[name] = float(solved.mean()) if trap.solvable else float(n or 0)
    return shares


# -- what is kept on disk --------------------------------------------------------------------------


def _unit(name: str, levels: int) -> Unit:
    work = partial(_work, name, levels)
    return Unit(f"{name}-calibration", partial(_done, name), work, SECONDS)


def _done(name: str, results: Results) -> bool:
    return (results.folder / _file(name)).exists()


def _work(name: str, levels: int, scratch: Scratch) -> None:
    trap = find_trap(name)()
    write_bytes(scratch.folder / _file(name), msgspec.json.encode(study(trap, known(trap), levels)))
    scratch.keep(_file(name))


def _file(name: str) -> Path:
    return Path(f"{name}.json")


def read(path: Path) -> list[Judged]:
    """Return the records of a trap.

    Raises:
        ValueError: the file is damaged or of another form; the message names it.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Judged])
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} is not a record of a calibration ({error}); delete it") from None


# -- the report ------------------------------------------------------------------------------------


def report(records: Sequence[Judged]) -> str:
    """Return the study as Markdown."""
    fitted = [record for record in records if not record.held_out]
    held_out = [record for record in records if record.held_out]
    best, errors, used = choose(fitted)
    lines = [["in use", *(f"{getattr(LINES, x):g}" for x in GRID), used]]
    lines.append(["chosen", *(f"{getattr(best, x):g}" for x in GRID), errors])
    every = Tally.of(held_out)
    families = [
        [name, FAMILIES[name], f"{t.right} of {t.total}", f"{t.share:.1%}"]
        for name, t in by_family(held_out).items()
    ]
    found = [
        [row, *(counts.get(v, 0) or "" for v in VERDICTS)]
        for row, counts in confusion(held_out).items()
    ]
    traps = [[name, f"{t.right} of {t.total}"] for name, t in by_trap(records).items()]
    sure = confidences(records)
    return "\n\n".join(
        [
            f"{len(records)} policies on {len(traps)} traps, {records[0].card.provenance.levels}"
            f" levels of each split; lines chosen on {len(fitted)}, reported on the other"
            f" {len(held_out)}: {every.right} of {every.total} are judged rightly"
            f" ({every.share:.1%}; needed {NEEDED:.0%}, of each family {NEEDED_OF_FAMILY:.0%}).",
            _table(["lines", *GRID, "errors in the choosing half"], lines),
            _table(["family", "what it does", "judged rightly", "share"], families),
            _table(["family: right verdict", *VERDICTS], found),
            _table(["trap, all policies", "judged rightly"], traps),
            _table(["levels", "mean confidence"], [[n, f"{c:.2f}"] for n, c in sure.items()]),
            "Judged wrongly, all policies:",
            "\n".join(f"- {line}" for line in Tally.of(records).wrong) or "- none",
        ]
    )


def confidences(records: Sequence[Judged]) -> dict[int, float]:
    """Return number of levels -> mean confidence, were only the first so many scored."""
    found: dict[int, float] = {}
    for levels in (2, 10, 100, records[0].card.provenance.levels):
        sure = []
        for record in records:
            if record.card.choices is not None:
                choices = record.card.choices.decoded().first(levels)
                sure.append(confidence(choices, record.card.objectives, seed=0))
        found[levels] = float(np.mean(sure))
    return found


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return laid_out(heads, [[str(cell) for cell in row] for row in rows])


# -- the command -----------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done and enough are right, 1 not, 2 bad usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    kept = f"what was done is kept in {options.out}, and the same command goes on from there"
    return guarded("calibrate", lambda: _run(options), kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies.calibrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--traps", nargs="+", default=["all"], help="(all)")
    parser.add_argument("--levels", type=count, default=LEVELS, help=f"of each split ({LEVELS})")
    parser.add_argument("--out", type=folder, default=Path("runs/calibration"))
    add_running(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    names = list(all_traps()) if options.traps == ["all"] else options.traps
    names = [find_trap(name).name() for name in names]
    units = [_unit(name, options.levels) for name in names]
    if runner.run(units, options.out, options.workers, options.backend):
        return FAILED
    records = [record for name in names for record in read(options.out / _file(name))]
    text = report(records) + "\n"
    write_text(options.out / "calibration.md", text)
    print(text)
    return DONE if holds([r for r in records if r.held_out]) else FAILED


if __name__ == "__main__":
    # Workers find functions of this module by its name, which is not __main__.
    from benchmarks.studies import calibrate

    sys.exit(calibrate.main())
