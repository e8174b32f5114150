"""The study of docs/studies/reproduction.md: what others published, tried on CheeseCorner.

    python -m docs.studies.reproduction [PART ...] --page docs/studies/reproduction.md

trains the agents of the parts named, or of all, if they are not there, scores them, and puts the
table of each part into the page.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from agents.run import Run
from docs.studies.findings import tabulate_means
from docs.studies.page_tables import show
from docs.studies.seeds import SeedGroup, run_parts, score_seeds
from mesa_gym.scoring import ScoreCard

# A seed's share then has a standard error of at most 0.03, less than seeds differ.
LEVELS = 300
TRAP = "CheeseCorner"


def make_groups() -> dict[str, list[SeedGroup]]:
    """Return the groups of each part."""
    replay = [
        SeedGroup({"algo": algo, "alpha": f"alpha{x}"}, Run(TRAP, algo, alpha=x), range(3))
        for algo in ("plr-exact", "ppo")
        for x in (0.0003, 0.001, 0.003)
    ]
    time = [SeedGroup({"algo": algo}, Run(TRAP, algo), range(2)) for algo in ("bc", "ppo")]
    for gamma in (0.0, 0.5, 0.8, 0.9, 0.97):
        run, setting = Run(TRAP).change(discount=gamma), {"algo": "ppo", "gamma": f"gamma{gamma}"}
        time.append(SeedGroup(setting, run, range(2)))
    corner = []
    for side in (1, 2, 3, 5, 7):
        run, setting = Run(TRAP, stages=(f"corner={side}",)), {"algo": "ppo"}
        corner.append(SeedGroup(setting | {"corner": f"corner{side}"}, run, range(3)))
    return {"replay": replay, "time": time, "corner": corner}


def score_group(group: SeedGroup, levels: int) -> list[ScoreCard]:
    """Return the cards of a group's agents."""
    (agents,) = group.load().values()
    prefix = "".join(f"{value}-" for value in group.setting.values())
    return [*score_seeds(agents, group.trap, levels, prefix).values()]


def tabulate_traps(cards: Sequence[ScoreCard]) -> str:
    """Return the table of cards, also of a trap under several of its options."""
    traps = dict.fromkeys(card.provenance.trap for card in cards)
    tables = [tabulate_means([c for c in cards if c.provenance.trap == trap]) for trap in traps]
    first, *others = (table.splitlines() for table in tables)
    return "\n".join([*first, *(row for lines in others for row in lines[2:])])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""

    def show_parts(chosen: dict[str, list[SeedGroup]], options: Any) -> None:
        for part, groups in chosen.items():
            cards = [card for group in groups for card in score_group(group, options.levels)]
            steps = sum(group.steps * len(group.seeds) for group in groups) / 1e6
            head = f"{len(cards)} agents, trained for {steps:,.1f} million steps; {options.levels}"
            show(part, f"{head} levels a split.\n\n{tabulate_traps(cards)}", options.page)

    return run_parts("reproduction", __doc__, LEVELS, make_groups(), show_parts, arguments)


if __name__ == "__main__":
    sys.exit(main())
