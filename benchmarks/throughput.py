"""Steps a second: ``python -m benchmarks.throughput``.

Random actions drawn ahead, observations included, one thread.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.speed import FULL, MINIGRID, QUICK, Report, measure
from benchmarks.targets import BANDWIDTH, Check, checks
from mesa_gym.command import DONE, guarded, require_writable
from mesa_gym.files import write_json
from mesa_gym.scoring.card_data import package_versions
from mesa_gym.terminal import table


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
        write_json(options.json, _plain(report, found))
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput",
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


def _plain(report: Report, found: Sequence[Check]) -> dict[str, object]:
    return {
        **asdict(report),
        "checks": [{**asdict(check), "met": check.met} for check in found],
        "machine": platform.machine(),
        "versions": package_versions(),
    }


if __name__ == "__main__":
    sys.exit(main())
