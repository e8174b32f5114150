"""``mesa-gym certify``: checks that objectives agree in training and conflict under shift."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from mesa_gym.cli.trap_arguments import add_trap_argument, read_traps
from mesa_gym.command import CERTIFICATE_MARKS, DONE, FAILED, add_force, require_writable
from mesa_gym.envs.checks import integer
from mesa_gym.files import locate_path, read_bytes, write_json
from mesa_gym.json_data import decode_json
from mesa_gym.scoring.least_sight import (
    LeastSight,
    measure_least_sight,
    refuse_search,
    say_least_sight,
)
from mesa_gym.scoring.plays import MOST_LEVELS
from mesa_gym.solver.certificate import Certificate, certify
from mesa_gym.solver.disagreement import explain_failures
from mesa_gym.solver.overlap import measure_overlaps
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.terminal import Progress, format_table, say
from mesa_gym.testing.check import explain_error, find_own_line
from mesa_gym.traps import Split, Trap, all_traps

HEADINGS = ("trap", "holds", "agreement", "separation", "(a) base", "(b) proxy", "worst case")
FIGURES = """
agreement: the least share of a proxy's optimum that base-optimal play keeps, before the shift
separation: the share of shift levels that (a) or (b) counts
(a) base: where even the best proxy-optimal play loses half of the base objective
(b) proxy: where even the best base-optimal play loses half of the proxy
worst case: the mean loss of the base objective by the worst proxy-optimal play
states, most: reachable states of a level, on average and at most
losses, in units of an objective's optimum minus its floor: the better of random moves and staying
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_trap_argument(parser, "; default: every trap", multiple_traps=True)
    parser.add_argument(
        "--levels", type=int, default=EVALUATION_LEVELS, help="levels of each split (%(default)s)"
    )
    json_help = "write the certificates as JSON; with TRAP given, other entries of the file stay"
    parser.add_argument("--json", type=locate_path, metavar="FILE", help=json_help)
    add_force(parser)


class TrapResult(NamedTuple):
    """The result for one trap.

    Attributes:
        trap: the trap's name.
        lines: the cost and the findings, as text.
        failures: the conditions that do not hold.
        data: the trap's entry in JSON.
        row: the trap's row of the table; none without an exact solver.
    """

    trap: str
    lines: list[str]
    failures: Sequence[str]
    data: dict[str, object]
    row: Sequence[str] = ()


def run(options: argparse.Namespace) -> int:
    """Check that the goals agree in training and conflict under shift, on separate levels."""
    require_writable(options.json, CERTIFICATE_MARKS, force=options.force)
    levels = integer("levels", options.levels, 1, MOST_LEVELS)
    named = read_traps(options)
    kept = _read_certificates(options.json) if named else []
    results = []
    for trap in named or [cls() for cls in all_traps().values()]:
        result = _certify(trap, levels) if trap.solvable else _compare_splits(trap, levels)
        sight, sentences = _search_sight(trap, levels)
        result.lines.extend(sentences)
        result.data["least_sight"] = sight and asdict(sight)
        results.append(result)
    if rows := [result.row for result in results if result.row]:
        print(format_table([*HEADINGS, "states", "most"], rows), FIGURES, sep="\n")
    print("\n".join(f"{result.trap} {line}" for result in results for line in result.lines))
    if failures := [f"{x.trap} FAILS: {failure}" for x in results for failure in x.failures]:
        say("\n".join(failures))
    if options.json is not None:
        names = {result.trap for result in results}
        left = [certificate for certificate in kept if certificate.get("trap") not in names]
        write_json(options.json, [*left, *(result.data for result in results)])
    return FAILED if failures else DONE


def _certify(trap: Trap, levels: int) -> TrapResult:
    """Certify a trap with an exact solver."""
    began, count = perf_counter(), levels * len(Split)
    with Progress(f"certify {trap.name()}", count) as advance, _blame_trap(trap):
        certificate = certify(trap, levels, advance)
    seconds = perf_counter() - began
    cost = f"{count:,} levels in {seconds:.1f} s, {1000 * seconds / count:.2g} ms a level"
    findings = [*certificate.equal_pay, *certificate.agreement, *certificate.overlap]
    failures, data = explain_failures(trap, certificate), certificate.to_json()
    return TrapResult(trap.name(), [cost, *map(str, findings)], failures, data, _row(certificate))


def _compare_splits(trap: Trap, levels: int) -> TrapResult:
    """Certify the overlap of the splits, which needs no exact solver."""
    findings = [*measure_overlaps(trap, levels)]
    failures = [str(finding) for finding in findings if not finding.holds]
    data = {"trap": trap.name(), "levels": levels, "overlap": [*map(asdict, findings)]}
    data["holds"] = not failures
    return TrapResult(trap.name(), [*map(str, findings)], failures, data)


def _read_certificates(path: Path | None) -> list[dict[str, object]]:
    """Return the certificates in a JSON file; [] if the file does not exist."""
    if path is None or not path.exists():
        return []
    try:
        return decode_json(read_bytes(path), list[dict[str, object]])
    except ValueError as error:
        raise ValueError(
            f"{path} is not a file of certificates ({error}), so none can be added; choose"
            " another name, or remove it"
        ) from None


@contextmanager
def _blame_trap(trap: Trap) -> Iterator[None]:
    """Turn an error from a trap's own code into a ValueError that names the line of this code."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        if not (line := find_own_line(trap, error)):
            raise
        description = f"{type(error).__name__}: {explain_error(trap, error)}"
        raise ValueError(f"{trap.name()}: {description} (at {line})") from error


def _search_sight(trap: Trap, levels: int) -> tuple[LeastSight | None, list[str]]:
    """Return the least sight for a goal's word, and sentences on it; None if it is not searched."""
    if reason := refuse_search(trap, levels):
        return None, [reason]
    sight = measure_least_sight(trap, levels)
    return sight, [*say_least_sight(sight)]


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
