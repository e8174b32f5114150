"""``mesa-gym certify``: that objectives agree in training and conflict under shift."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from mesa_gym.command import DONE, FAILED, require_writable
from mesa_gym.files import write_json
from mesa_gym.solver.certificate import EVALUATION_LEVELS, Certificate, certify
from mesa_gym.terminal import Progress, table
from mesa_gym.traps import Split, all_traps, find_trap

HELP = "that objectives agree in training and conflict under shift"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("trap", nargs="?", help="by default every solvable trap")
    parser.add_argument("--levels", type=int, default=EVALUATION_LEVELS)
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(options: argparse.Namespace) -> int:
    """Certify the trap, or all."""
    require_writable(options.json)
    if options.trap is None:
        # The others have no optimal policies to certify; `certify` says so where one is named.
        classes = [cls for cls in all_traps().values() if cls.solvable]
    else:
        classes = [find_trap(options.trap)]
    certificates, rows = [], []
    for cls in classes:
        began = time.perf_counter()
        with Progress(f"certify {cls.name()}", options.levels * len(Split)) as advance:
            certificate = certify(cls(), options.levels, advance)
        certificates.append(certificate)
        rows.append([*_certificate_row(certificate), f"{time.perf_counter() - began:.1f}"])
    heads = ["trap", "holds", "agreement", "separation", "(a) base", "(b) proxy", "C-worst"]
    print(table([*heads, "states", "most", "seconds"], rows))
    for certificate in certificates:
        for agreement in certificate.agreement:
            print(f"{certificate.trap} {agreement}")
    for certificate in certificates:
        for failure in certificate.failures():
            print(f"{certificate.trap} FAILS: {failure}", file=sys.stderr)
    if options.json is not None:
        write_json(options.json, [certificate.to_json() for certificate in certificates])
    return DONE if all(certificate.holds for certificate in certificates) else FAILED


def _certificate_row(certificate: Certificate) -> list[str]:
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
