"""Verification of claimed scores: ``python -m benchmarks.submissions.verify DIR --cards FOLDER``.

Scores a submission again and compares with its claimed score cards, field by field. Where the same
versions of all packages run on the same sort of machine, everything is equal. Numbers may differ
by a relative 1e-9, which is the order of sums; versions are told, and do not count as a
difference. Exit code 0: all equal, 1: something differs, 2: bad usage.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.leaderboard.results import card_path
from benchmarks.options import count, say
from benchmarks.submissions.files import harmless
from benchmarks.submissions.format import Submission
from benchmarks.submissions.scoring import arguments, groups, outcomes, require_acceptable, terms
from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.scoring import ScoreCard, salt_digest
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split

ROUNDING = 1e-9
MOST_LINES = 40  # of what differs, for each card


def main(given: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.submissions.verify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    arguments(parser)
    parser.add_argument(
        "--cards", type=Path, required=True, metavar="FOLDER", help="claimed: FOLDER/TRAP/NAME.json"
    )
    parser.add_argument("--levels", type=count, help="of each split (as many as the cards say)")
    options = parser.parse_args(given)
    return guarded("verify", lambda: _verify(options))


def _verify(options: argparse.Namespace) -> int:
    submission = Submission.load(Path(options.directory))
    claims = claimed(submission, options.cards)
    levels = options.levels or _levels(claims)
    for card in claims.values():
        if card.provenance.salt != salt_digest(options.salt):
            raise ValueError("the cards were made with another salt, or one is missing: see --salt")
    asked = terms(options, levels)
    require_acceptable(submission, asked)
    wrong = 0
    with Progress("verify", len(list(groups(submission))) * len(Split) * levels) as advance:
        for outcome in outcomes(submission, asked, advance):
            policy = submission.policy(outcome.agent)
            if outcome.card is None:
                found = [str(outcome.error)]
            else:
                card = claims[outcome.agent.trap, policy]
                _tell_versions(card, outcome.card)
                found = list(differences(_compared(card), _compared(outcome.card)))
            wrong += bool(found)
            print(f"{outcome.agent.trap} {policy}: {'differs' if found else 'as claimed'}")
            for line in found[:MOST_LINES]:
                print(f"  {harmless(line)}")
            if len(found) > MOST_LINES:
                print(f"  and {len(found) - MOST_LINES:,} more")
    total = len(submission.agents)
    print(f"{total - wrong} of {total} cards are as claimed")
    return FAILED if wrong else DONE


def claimed(submission: Submission, folder: Path) -> dict[tuple[str, str], ScoreCard]:
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


def _levels(claims: dict[tuple[str, str], ScoreCard]) -> int:
    found = sorted({card.provenance.levels for card in claims.values()})
    if len(found) > 1:
        raise ValueError(
            f"the cards are of {', '.join(map(str, found))} levels; choose by --levels"
        )
    return found[0]


def _compared(card: ScoreCard) -> Any:
    """Return what of a card must be the same."""
    plain = msgspec.to_builtins(card)
    for told in ("command", "versions"):
        del plain["provenance"][told]
    return plain


def differences(claimed: Any, here: Any, where: str = "") -> Iterator[str]:
    """Yield what differs between two cards as plain data, a line for each field."""
    if isinstance(claimed, dict) and isinstance(here, dict):
        for name in dict.fromkeys([*claimed, *here]):
            inner = f"{where}.{name}".lstrip(".")
            if name in claimed and name in here:
                yield from differences(claimed[name], here[name], inner)
            else:
                yield f"{inner}: {'claimed alone' if name in claimed else 'not claimed'}"
    elif isinstance(claimed, list) and isinstance(here, list) and len(claimed) == len(here):
        for i, (one, other) in enumerate(zip(claimed, here, strict=True)):
            yield from differences(one, other, f"{where}[{i}]")
    elif not _same(claimed, here):
        yield f"{where}: claimed {json.dumps(claimed)}, here {json.dumps(here)}"


def _same(one: Any, other: Any) -> bool:
    if type(one) is float and type(other) is float:
        return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return type(one) is type(other) and bool(one == other)


def _tell_versions(claimed: ScoreCard, here: ScoreCard) -> None:
    before, now = claimed.provenance.versions, here.provenance.versions
    for package, version in now.items():
        if before.get(package) != version:
            say(harmless(f"note: {package} {before.get(package)} claimed, {version} here"))


if __name__ == "__main__":
    sys.exit(main())
