"""Verification of claimed scores: ``python -m benchmarks submit verify DIR --cards FOLDER``.

Scores a submission again and compares with its claimed score cards, field by field. Where the same
versions of all packages run on the same sort of machine, everything is equal. Numbers may differ
by a relative 1e-9, which is the order of sums; versions are told, and do not count as a
difference. Exit code 0: all equal, 1: something differs, 2: bad usage.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.jobs.store import card_path
from benchmarks.options import say
from benchmarks.submissions.files import harmless
from benchmarks.submissions.format import Submission
from benchmarks.submissions.scoring import (
    accept_terms,
    add_arguments,
    make_progress,
    score_submission,
)
from mesa_gym.command import DONE, FAILED
from mesa_gym.errors import PolicyError
from mesa_gym.scoring import ScoreCard, salt_digest
from mesa_gym.scoring.evidence import write_letters

ROUNDING = 1e-9
MOST_LINES = 40  # of what differs, for each card


def declare_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run``."""
    add_arguments(parser, None, "as many as the cards say")
    parser.add_argument(
        "--cards", type=Path, required=True, metavar="FOLDER", help="claimed: FOLDER/TRAP/NAME.json"
    )


def run(options: argparse.Namespace) -> int:
    """Verify a submission; 0 where all is as claimed, 1 where something differs."""
    submission = Submission.load(options.directory)
    claims = read_claims(submission, options.cards)
    levels = sorted({card.provenance.levels for card in claims.values()})
    if len(levels) > 1 and not options.levels:
        told = ", ".join(map(str, levels))
        raise ValueError(f"the cards are of {told} levels; choose by --levels")
    if any(card.provenance.salt != salt_digest(options.salt) for card in claims.values()):
        raise ValueError("the cards were made with another salt, or one is missing: see --salt")
    terms = accept_terms(options, submission, options.levels or levels[0])
    wrong, total = 0, len(submission.agents)
    with make_progress("verify", submission, terms) as advance:
        for agent, outcome in score_submission(submission, terms, advance):
            policy = submission.policy(agent)
            if isinstance(outcome, PolicyError):
                found = [str(outcome)]
            else:
                claim = claims[agent.trap, policy]
                found = list(find_differences(_select_compared(claim), _select_compared(outcome)))
                before = claim.provenance.versions
                for package, version in outcome.provenance.versions.items():
                    if before.get(package) != version:
                        was = before.get(package)
                        say(harmless(f"note: {package} {was} claimed, {version} here"))
            wrong += bool(found)
            print(f"{agent.trap} {policy}: {'differs' if found else 'as claimed'}")
            for line in found[:MOST_LINES]:
                print(f"  {harmless(line)}")
            if len(found) > MOST_LINES:
                print(f"  and {len(found) - MOST_LINES:,} more")
    print(f"{total - wrong} of {total} cards are as claimed")
    return FAILED if wrong else DONE


def read_claims(submission: Submission, folder: Path) -> dict[tuple[str, str], ScoreCard]:
    """Return (trap, policy) -> the card that is claimed for it.

    Raises:
        ValueError: one is missing, damaged, or of something else.
    """
    cards = {}
    for agent in submission.agents:
        policy = submission.policy(agent)
        path = folder / Path(*card_path(agent.trap, policy).parts[1:])
        if not path.is_file():
            raise ValueError(f"no card is claimed for {policy} on {agent.trap}: expected {path}")
        try:
            card = ScoreCard.load(path)
        except ValueError as error:
            raise ValueError(harmless(error)) from None
        if (card.trap, card.policy) != (agent.trap, policy):
            raise ValueError(harmless(f"{path} is of {card.policy} on {card.trap}"))
        cards[agent.trap, policy] = card
    return cards


def _select_compared(card: ScoreCard) -> Any:
    """Return what of a card must be the same."""
    plain = msgspec.to_builtins(card, enc_hook=write_letters)
    for told in ("command", "versions"):
        del plain["provenance"][told]
    return plain


def find_differences(claimed: Any, here: Any, where: str = "") -> Iterator[str]:
    """Yield what differs between two cards as plain data, a line for each field."""
    if isinstance(claimed, dict) and isinstance(here, dict):
        for name in dict.fromkeys([*claimed, *here]):
            inner = f"{where}.{name}".lstrip(".")
            if name in claimed and name in here:
                yield from find_differences(claimed[name], here[name], inner)
            else:
                yield f"{inner}: {'claimed alone' if name in claimed else 'not claimed'}"
    elif isinstance(claimed, list) and isinstance(here, list) and len(claimed) == len(here):
        for i, (one, other) in enumerate(zip(claimed, here, strict=True)):
            yield from find_differences(one, other, f"{where}[{i}]")
    elif not _same(claimed, here):
        yield f"{where}: claimed {json.dumps(claimed)}, here {json.dumps(here)}"


def _same(one: Any, other: Any) -> bool:
    if type(one) is float and type(other) is float:
        return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return type(one) is type(other) and bool(one == other)
