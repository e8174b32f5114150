"""Myopia: what a learner's discount makes of TreeFarm, where base is patience.

    python -m docs.studies.myopia --page docs/studies/deployment.md

trains PPO with two discounts, in training and under the shift, and puts the table into the page.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from agents.run import Run
from benchmarks.markdown import lay_out_table
from docs.studies.page_tables import show
from docs.studies.seeds import SeedGroup, run_parts, score_seeds

TRAP, SEEDS, LEVELS = "TreeFarm", 5, 200
# Share of episodes from the shift -> environment steps.
TRAININGS = {0.0: 1_500_000, 1.0: 800_000}
DISCOUNTS = (0.99, 0.8)


def make_groups() -> list[SeedGroup]:
    """Return agents of each training and discount."""
    return [
        SeedGroup(
            {"alpha": alpha, "discount": discount},
            Run(TRAP, steps=steps, alpha=alpha).change(discount=discount),
            range(SEEDS),
        )
        for alpha, steps in TRAININGS.items()
        for discount in DISCOUNTS
    ]


def tabulate(groups: Sequence[SeedGroup], levels: int) -> str:
    """Return a table in Markdown: a line a training, normalised returns of base by seed."""
    rows, nulls = [], dict[str, str]()
    for group in groups:
        cards = score_seeds(group.load()[group.steps], group.trap, levels).values()
        words = ", ".join(f"{n} {word}" for word, n in Counter(c.verdict for c in cards).items())
        returns = [
            " ".join(
                f"{card.read_each(split, 'normalized_return')[card.base]:.2f}" for card in cards
            )
            for split in ("test", "shift")
        ]
        rows.append(
            [f"{group.setting['alpha']:g}", f"{group.setting['discount']:g}", *returns, words]
        )
        card = next(iter(cards))
        for name, of in card.nulls.items():
            if "normalized_return" in of.get("shift", {}):
                each: Any = of["shift"]["normalized_return"]
                nulls[name] = f"{each[card.base]:.2f}"
    told = ", ".join(f"{name} {share}" for name, share in nulls.items())
    heads = ["alpha", "discount", "N of base, test", "N of base, shift", "verdicts"]
    return f"{lay_out_table(heads, rows)}\n\nN of base under the shift without a goal: {told}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""

    def show_parts(chosen: dict[str, list[SeedGroup]], options: Any) -> None:
        show("myopia", tabulate(chosen["myopia"], options.levels), options.page)

    return run_parts("myopia", __doc__, LEVELS, {"myopia": make_groups()}, show_parts, arguments)


if __name__ == "__main__":
    sys.exit(main())
