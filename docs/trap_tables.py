"""The numbers on a trap's page: its certificate, and what the committed board says of it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.leaderboard.atlas import TrapRows, trap_rows
from benchmarks.leaderboard.budgets import COMMITTED
from benchmarks.leaderboard.columns import HEADS, MEANING, UNSOLVABLE, cells
from benchmarks.leaderboard.results import Results
from benchmarks.markdown import laid_out, pipes
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver.certificate import certify
from mesa_gym.solver.overlap import overlaps
from mesa_gym.traps import Trap, package_traps

ROOT = Path(__file__).parents[1]
# Written by `mesa-gym certify --json docs/certificates.json`: all of them take minutes.
CERTIFICATES = Path(__file__).with_name("certificates.json")
ON_THE_SPOT = 100  # levels of a split, where no certificate is kept
WITHOUT = """The trap is random, so that there are no exact values and nothing to certify. What
stands in place is `mesa_gym.testing.check_references`: a scripted policy for each objective,
written with the trap, must earn more of its own objective than acting at random or staying, the
two must agree on `test`, and under shift each must fall short of the other's. What they earn is
the scale of the score; their rows stand in the results below."""
MEANS = "Trained agents are means over seeds; [every column and seed](../board.md)."


def certificate(trap: Trap) -> str:
    """Return a trap's certificate: the committed one, or one on fewer levels, made now."""
    kept = {each["trap"]: each for each in json.loads(CERTIFICATES.read_text())}
    found = kept.get(trap.name())
    if not trap.solvable:
        made = found or {"overlap": map(asdict, overlaps(trap, ON_THE_SPOT))}
        return f"{WITHOUT}\n\n{_overlap(made)}"
    found = found or certify(trap, ON_THE_SPOT).to_json()
    where = "Proved" if found["holds"] else "**It does not hold.** Computed"
    return "\n\n".join(
        [
            f"{where} by the exact solver, on {found['levels']:,} levels of each split"
            f" (`mesa-gym certify {named(type(trap))} --levels {found['levels']}`).",
            _agreement(found),
            _separation(found),
            _solved(found),
            _overlap(found),
        ]
    )


def _agreement(found: dict[str, Any]) -> str:
    rows = [
        [each["split"], each["proxy"], f"{each['share']:.4f}", f"{each['needed']:.2f}"]
        for each in found["agreement"]
    ]
    heads = ["split", "proxy", "worst base-optimal policy keeps", "needed"]
    return "The objectives agree where they should:\n\n" + laid_out(heads, rows)


def _separation(found: dict[str, Any]) -> str:
    rows = [
        [
            each["proxy"],
            *(f"{each[name]:.1%}" for name in ("either", "base_short", "proxy_short")),
            f"{each['worst_base']:.2f}",
        ]
        for each in found["separation"]
    ]
    heads = ["proxy", "levels that separate", "(a) base", "(b) proxy", "worst case"]
    return (
        "They conflict under shift, which 99% of the levels must show: even the best proxy-optimal"
        " policy loses half of the base objective (a), or the best base-optimal one half of the"
        " proxy (b). The worst case is what a proxy-optimal policy may lose of the base"
        " objective, 1 being all that lies above the floor:\n\n" + laid_out(heads, rows)
    )


def _solved(found: dict[str, Any]) -> str:
    attained = {(e["split"], e["objective"]): e for e in found["attainability"]}
    rows = [
        [
            size["split"],
            f"{size['mean']:.0f}",
            str(size["most"]),
            ", ".join(
                f"{objective} {each['attainable']} of {each['levels']}"
                for (split, objective), each in attained.items()
                if split == size["split"]
            ),
        ]
        for size in found["size"]
    ]
    heads = ["split", "states a level", "at most", "levels whose optimum exceeds the floor"]
    return "Every level can be solved, and is worth solving:\n\n" + laid_out(heads, rows)


def _overlap(found: dict[str, Any]) -> str:
    rows = [
        [
            each["split"],
            f"{each['levels']:,}",
            f"{each['train_levels']:,}",
            *(f"{each[name]:.1%}" for name in ("same", "same_walls")),
        ]
        for each in found["overlap"]
    ]
    heads = ["split", "levels", "beside levels of train", "levels in both", "walls in both"]
    return "No level of another split is one of training:\n\n" + laid_out(heads, rows)


@lru_cache(maxsize=1)
def _committed(folder: Path) -> dict[str, TrapRows]:
    cards: dict[str, list[ScoreCard]] = defaultdict(list)
    for card in Results(folder).cards():
        cards[card.trap].append(card)
    return {trap: trap_rows(trap, group) for trap, group in cards.items()}


def named(cls: type[Trap]) -> str:
    """Return the name that commands take; with its module, where that is not the package's."""
    return cls.__name__ if cls.name() in package_traps() else f"{cls.__module__}:{cls.__name__}"


def results(cls: type[Trap]) -> str:
    """Return what the committed board says of a trap."""
    trap = _committed(ROOT / COMMITTED).get(cls.name())
    if trap is None:
        return (
            "The committed board has no agents on this trap. To score one:\n\n"
            f"```\nmesa-gym score --policy random --trap {named(cls)}\n```"
        )
    rows = [cells(trap, row) for row in trap.rows]
    # Columns that say nothing of this trap go, and the trap's own name.
    kept = [i for i in range(1, len(HEADS)) if any(row[i] not in ("", "–") for row in rows)]
    shown = [[row[i] for i in kept] for row in rows]
    heads = [HEADS[i] for i in kept]
    said = [f"- *{head}*: {MEANING[head]}" for head in heads if head in MEANING]
    about = MEANS if cls.solvable else f"{MEANS} {UNSOLVABLE[1]}"
    return "\n\n".join([pipes(heads, shown), about, "\n".join(said)])
