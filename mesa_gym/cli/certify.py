"""``mesa-gym certify``: that objectives agree in training and conflict under shift."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mesa_gym.command import DONE, FAILED, require_writable
from mesa_gym.files import write_json
from mesa_gym.solver.certificate import EVALUATION_LEVELS, Certificate, certify
from mesa_gym.solver.overlap import Overlap, overlaps
from mesa_gym.terminal import Progress, table
from mesa_gym.traps import Split, Trap, all_traps, find_trap

HELP = "that objectives agree in training and conflict under shift, and no level is in both"
HEADS = ("trap", "holds", "agreement", "separation", "(a) base", "(b) proxy", "C-worst")
LEGEND = """
agreement: the least share of a proxy's optimum that base-optimal play keeps, before the shift
separation: the share of shift levels that (a) or (b) counts
(a) base: where even the best proxy-optimal play loses half of the base objective
(b) proxy: where even the best base-optimal play loses half of the proxy
C-worst: the mean loss of the base objective by the worst proxy-optimal play
states, most: reachable states of a level, on average and at most
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("trap", nargs="?", help="by default every trap")
    parser.add_argument("--levels", type=int, default=EVALUATION_LEVELS, help="of each split")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the certificates as data")


def run(options: argparse.Namespace) -> int:
    """Certify the trap, or all; of those without exact solver, only what splits share."""
    require_writable(options.json)
    if options.levels < 1:
        raise ValueError(f"levels must be at least 1, got {options.levels}")
    classes = all_traps().values() if options.trap is None else [find_trap(options.trap)]
    rows, said, failures, written = [], [], [], []
    for cls in classes:
        began, trap = time.perf_counter(), cls()
        if cls.solvable:
            with Progress(f"certify {cls.name()}", options.levels * len(Split)) as advance:
                certificate = certify(trap, options.levels, advance)
            rows.append([*_row(certificate), f"{time.perf_counter() - began:.1f}"])
            said += [f"{cls.name()} {each}" for each in certificate.agreement]
            overlap, failed = certificate.overlap, certificate.failures()
            written.append(certificate.to_json())
        else:
            overlap = overlaps(trap, options.levels)
            failed = [str(each) for each in overlap if not each.holds]
            written.append(_unsolved(trap, options.levels, overlap))
        said += [f"{cls.name()} {each}" for each in overlap]
        failures += [f"{cls.name()} FAILS: {failure}" for failure in failed]
    if rows:
        print(table([*HEADS, "states", "most", "seconds"], rows), LEGEND, sep="\n")
    print("\n".join(said))
    if failures:
        print("\n".join(failures), file=sys.stderr)
    if options.json is not None:
        write_json(options.json, written)
    return FAILED if failures else DONE


def _unsolved(trap: Trap, levels: int, overlap: list[Overlap]) -> dict[str, Any]:
    """Return what is certified of a trap without exact solver, as plain data."""
    shared = [asdict(each) for each in overlap]
    holds = all(each.holds for each in overlap)
    return {"trap": trap.name(), "levels": levels, "overlap": shared, "holds": holds}


def _row(certificate: Certificate) -> list[str]:
    separation = min(certificate.separation, key=lambda s: s.either)
    return [
        certificate.trap,
        "yes" if certificate.holds else "NO",
        f"{min(a.share for a in certificate.agreement):.4f}",
        f"{separation.either:.3f}",
        f"{separation.base_short:.3f}",
        f"{separation.proxy_short:.3f}",
        f"{separation.worst_base:.2f}",
        f"{max(s.mean for s in certificate.size):.0f}",
        f"{max(s.most for s in certificate.size)}",
    ]
