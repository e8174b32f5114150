"""The command ``mesa-gym``: list, describe, certify, score."""

from __future__ import annotations

import argparse
import inspect
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import mesa_gym
from mesa_gym.command import DONE, FAILED, USAGE, guarded, require_writable
from mesa_gym.errors import unknown
from mesa_gym.files import write_bytes, write_json
from mesa_gym.grid.maps import to_map
from mesa_gym.policies import load_policy
from mesa_gym.rendering.sheet import contact_sheet
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.solver.certificate import EVALUATION_LEVELS, Certificate, certify
from mesa_gym.terminal import Progress, table
from mesa_gym.traps import Split, Trap, all_traps, find_trap


class _Parser(argparse.ArgumentParser):
    """Like argparse's, but a misspelt command gets the nearest valid one."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}\nTry {self.prog} --help.", file=sys.stderr)
        raise SystemExit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line without the program's name; by default the process's own.

    Returns:
        0 done, 1 the work failed, 2 bad usage, 130 interrupted.
    """
    # As `python -m` does: policies of the folder that one stands in can be named, `agents` too.
    sys.path.insert(0, str(Path.cwd()))
    given = list(sys.argv[1:] if arguments is None else arguments)
    return guarded("mesa-gym", lambda: _run(given))


def _run(given: list[str]) -> int:
    if given and not given[0].startswith("-") and given[0] not in COMMANDS:
        raise unknown("command", given[0], COMMANDS)
    options = _parser().parse_args(given)
    return COMMANDS[options.command](options)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mesa-gym", description=mesa_gym.__doc__)
    parser.add_argument("--version", action="version", version=mesa_gym.__version__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    listing = commands.add_parser("list", help="every trap")
    listing.add_argument("--json", action="store_true", help="as JSON on standard output")
    listing.add_argument(
        "--sheet", type=Path, metavar="FILE.png", help="also draw all, training beside shift"
    )

    describing = commands.add_parser("describe", help="what a trap is, with a level of each split")
    describing.add_argument("trap")

    certifying = commands.add_parser(
        "certify", help="that objectives agree in training and conflict under shift"
    )
    certifying.add_argument("trap", nargs="?", help="by default every solvable trap")
    certifying.add_argument("--levels", type=int, default=EVALUATION_LEVELS)
    certifying.add_argument("--json", type=Path, metavar="FILE")

    scoring = commands.add_parser("score", help="which objective a policy pursues")
    scoring.add_argument(
        "--policy",
        required=True,
        help="random, stay, oracle:<objective> (reference:<objective> for a trap without exact"
        " solver), a trained agent's directory, or module:factory",
    )
    scoring.add_argument("--trap", required=True)
    scoring.add_argument("--levels", type=int, default=EVALUATION_LEVELS, help="of each split")
    scoring.add_argument("--seed", type=int, default=0, help="of the sampling of actions")
    scoring.add_argument("--salt", default="", help="an evaluator's secret: other levels")
    scoring.add_argument("--json", type=Path, metavar="FILE")
    return parser


# -- list and describe ---------------------------------------------------------------------------


def _facts(cls: type[Trap]) -> dict[str, Any]:
    return {
        "name": cls.name(),
        "id": cls.id(),
        "type": list(cls.kind),
        "source": cls.source,
        "base": cls.base,
        "proxies": list(cls.proxies),
        "solvable": cls.solvable,
    }


def _list(options: argparse.Namespace) -> int:
    require_writable(options.sheet)
    if options.sheet is not None:
        write_bytes(options.sheet, contact_sheet(all_traps().values()))
    facts = [_facts(cls) for cls in all_traps().values()]
    if options.json:
        print(json.dumps(facts, indent=1))
        return DONE
    rows = [[f["id"], f["base"], ", ".join(f["proxies"]), ", ".join(f["type"])] for f in facts]
    print(table(["trap", "base", "proxies", "type"], rows))
    return DONE


def _describe(options: argparse.Namespace) -> int:
    cls = find_trap(options.trap)
    trap = cls()
    print(cls.name(), "\n", sep="")
    print(inspect.getdoc(cls), "\n", sep="")
    print(f"Source: {cls.source}\nType: {', '.join(cls.kind)}\nIds:")
    for split in Split:
        print(f"  {cls.id(split)}  ({trap.horizon(split)} steps)")
    print("Objectives:")
    for objective in cls.objectives.values():
        print(f"  {objective.role} {objective.name}: {objective.doc}")
    print("Planes:", ", ".join(f"{p.name} ({p.glyph})" for p in trap.schema.channels))
    for split in Split:
        print(f"\nLevel 0 of {split.value}:\n{to_map(trap.levels(split, [0]))}")
    return DONE


# -- certify ---------------------------------------------------------------------------------------


def _certify(options: argparse.Namespace) -> int:
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
            print(
                f"{certificate.trap} {agreement.split}: {agreement.proxy} keeps"
                f" {agreement.share:.4f} (needs {agreement.needed:.4f}); worst level"
                f" {agreement.worst_level} keeps {agreement.worst_share:.4f}"
            )
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


# -- score -----------------------------------------------------------------------------------------


def _score(options: argparse.Namespace) -> int:
    require_writable(options.json)
    trap = find_trap(options.trap)()
    load_policy(options.policy, trap, trap.horizon(Split.TEST))  # bad names fail before the work
    with Progress(f"score {options.policy}", options.levels * len(Split)) as advance:
        cards = score_all(
            {options.policy: lambda horizon: load_policy(options.policy, trap, horizon)},
            trap,
            options.levels,
            options.seed,
            options.salt,
            advance,
        )
    card = cards[options.policy]
    print(card_text(card))
    if options.json is not None:
        card.save(options.json)
    return DONE


def card_text(card: ScoreCard) -> str:
    """A score card for the terminal."""
    shift = card.splits[Split.SHIFT]
    objectives = list(shift.normalized_return)
    rows = [
        [name, *(_number(scores.normalized_return[x]) for x in objectives)]
        for name, scores in card.splits.items()
    ]
    lines = [
        f"{card.policy} on {card.trap}",
        f"verdict: {card.verdict}{' (brittle)' if card.brittle else ''}",
        "",
        table(["normalised return", *objectives], rows),
    ]
    for name, scores in card.splits.items():
        for proxy, steps in scores.conflict_reliance.items():
            shares = "- (there is no exact solver, and no action is known to be optimal)"
            if steps is not None:
                shares = (
                    f"base {steps.base:.3f}, {proxy} {steps.proxy:.3f}, neither"
                    f" {steps.neither:.3f} (on {steps.coverage:.0%} of levels)"
                )
            lines.append(f"conflict steps on {name}: {shares}")
    for proxy, place in (shift.corners or {}).items():
        lines.append(
            f"between the references on shift: {place.ratio:.3f}, where 1 is"
            f" reference:{card.base} at {_point(place.base)} and 0 is reference:{proxy} at"
            f" {_point(place.proxy)}"
        )
    if shift.first_contact is not None:
        contacts = ", ".join(f"{x} {share:.3f}" for x, share in shift.first_contact.items())
        lines.append(f"first contact on shift: {contacts}")
    lines.append(
        f"regret on shift: {round(shift.regret.mean, 3) + 0:.3f},"  # + 0: no "-0.000"
        f" worst tenth of levels {round(shift.regret.worst_decile, 3) + 0:.3f}"
    )
    return "\n".join(lines)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _point(point: tuple[float, float]) -> str:
    return f"({point[0]:.3f}, {point[1]:.3f})"


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "describe": _describe,
    "certify": _certify,
    "score": _score,
}
