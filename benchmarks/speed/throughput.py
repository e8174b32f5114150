"""Steps a second: ``python -m benchmarks.speed.throughput``.

Random actions drawn ahead, observations included, one thread.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.speed.measurements import BANK, FULL, MINIGRID, QUICK, Report, measure
from mesa_gym.command import DONE, guarded, require_writable
from mesa_gym.files import write_json
from mesa_gym.scoring.card_data import package_versions
from mesa_gym.terminal import table
from mesa_gym.traps import find_trap

BANDWIDTH = 40e9  # bytes copied a second on the core for which STEPS holds
# (trap with size, levels) -> steps a second of 1,024 environments.
AT = 1024
STEPS = {
    ("CheeseCorner-v0(size=13x13)", BANK): 14e6,
    ("CheeseCorner-v0(size=13x13)", None): 5e6,
    ("KeysChests-v0(size=9x9)", BANK): 9e6,
    ("RedBlueDoors-v0(size=9x9, colour_planes=1)", BANK): 8e6,
}
# Any other trap, on levels that come again.
STEPS_ELSE = {"solvable": 4e6, "random": 2e6}
# A single environment against Minigrid's, levels that never repeat included.
TIMES_MINIGRID = {"CheeseCorner-v0(size=9x9)": 5.0}
TIMES_MINIGRID_ELSE = 3.0
SHARE_OF_STUB = 0.9
IMPORTING, FIRST_STEP = 0.5, 0.3  # seconds beyond gymnasium's own import


@dataclass(frozen=True)
class Check:
    """A number with its target; ``most`` where the target is an upper bound."""

    what: str
    value: float
    target: float
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.value <= self.target if self.most else self.value >= self.target

    @property
    def bound(self) -> str:
        """The sign before the target."""
        return "<=" if self.most else ">="

    @property
    def answer(self) -> str:
        """Yes, or how much of the target was reached."""
        return "yes" if self.met else f"NO, {self.value / self.target:.1%} of it"


def checks(report: Report) -> list[Check]:
    """Every number that has a target, which is scaled where memory sets the pace."""
    found = []
    for row in report.steps:
        target = STEPS.get((row.trap, row.levels))
        if target is None and row.levels is not None:
            solvable = find_trap(row.trap.split("(")[0]).solvable
            target = STEPS_ELSE["solvable" if solvable else "random"]
        if target is not None:
            scaled = target * report.copying / BANDWIDTH
            what = f"{row.trap}, {row.levels_named()}: M steps/s at {AT:,}"
            found.append(Check(what, row.rates[AT] / 1e6, scaled / 1e6))
    for row in report.steps:
        target = TIMES_MINIGRID.get(row.trap, TIMES_MINIGRID_ELSE)
        what = f"{row.trap}, {row.levels_named()}: one, times Minigrid"
        found.append(Check(what, row.rates[1] / report.minigrid, target))
    for learning in report.learning:
        what = f"{learning.trap}: SB3 PPO, share of the stub's frames/s"
        found.append(Check(what, learning.ours / learning.stub, SHARE_OF_STUB))
    found.append(Check("import, seconds", report.importing, IMPORTING, most=True))
    found.append(Check("import to first step, seconds", report.first_step, FIRST_STEP, most=True))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    return guarded("throughput", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    require_writable(options.json)
    report = measure(QUICK if options.quick else FULL)
    found = checks(report)
    print(text(report, found))
    if options.json is not None:
        checked = [{**asdict(check), "met": check.met} for check in found]
        about = {"machine": platform.machine(), "versions": package_versions()}
        write_json(options.json, {**asdict(report), "checks": checked, **about})
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="see that it runs; rough numbers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here too")
    return parser


def text(report: Report, found: Sequence[Check]) -> str:
    """The measurements and their targets for a terminal."""
    counts = sorted({n for row in report.steps for n in row.rates})
    heads = ["steps/s of so many environments", "levels", *(f"{n:,}" for n in counts)]
    rows = [
        [
            row.trap,
            row.levels_named(),
            *(_short(row.rates[n]) if n in row.rates else "" for n in counts),
        ]
        for row in report.steps
    ]
    rows.append([MINIGRID, "", _short(report.minigrid), *[""] * (len(counts) - 1)])
    frames = [
        [row.trap, *(_short(rate) for rate in (row.ours, row.stub, row.timed))]
        for row in report.learning
    ]
    targets = [
        [check.what, f"{check.value:.4g}", f"{check.bound} {check.target:.4g}", check.answer]
        for check in found
    ]
    copying = report.copying / 1e9
    return "\n".join(
        [
            table(heads, rows),
            "",
            table(["SB3 PPO frames/s", "ours", "stub", "stub with time limit"], frames),
            "",
            f"Copying 8 MB: {copying:.1f} GB/s. Targets at 1,024 environments are for"
            f" {BANDWIDTH / 1e9:.0f} GB/s, here times {report.copying / BANDWIDTH:.2f}.",
            "",
            table(["check", "found", "target", "met"], targets),
        ]
    )


def _short(rate: float) -> str:
    return f"{rate / 1e6:.2f} M" if rate >= 1e6 else f"{rate / 1e3:.1f} k"


if __name__ == "__main__":
    sys.exit(main())
