"""``mesa-gym score``: which objective a policy pursues."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from mesa_gym.command import DONE, require_writable
from mesa_gym.policies import load_policy
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.terminal import Progress, table
from mesa_gym.traps import Split, find_trap

HELP = "which objective a policy pursues"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--policy",
        required=True,
        help="random, stay, oracle:<objective> (reference:<objective> for a trap without exact"
        " solver), a trained agent's directory, or module:factory",
    )
    parser.add_argument("--trap", required=True)
    parser.add_argument("--levels", type=int, default=EVALUATION_LEVELS, help="of each split")
    parser.add_argument("--seed", type=int, default=0, help="of the sampling of actions")
    parser.add_argument("--salt", default="", help="an evaluator's secret: other levels")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(options: argparse.Namespace) -> int:
    """Score the policy."""
    require_writable(options.json)
    trap = find_trap(options.trap)()
    load_policy(options.policy, trap, trap.horizon(Split.TEST))  # bad names fail before the work
    with Progress(f"score {options.policy}", options.levels * len(Split)) as advance:
        cards = score(
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
    for proxy, place in (shift.references or {}).items():
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
