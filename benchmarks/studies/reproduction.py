"""The reproduction study of docs/reproduction.md: what others published, tried on CheeseCorner.

    python -m benchmarks study reproduction [PART ...]

trains and scores what is not done yet of the parts named, or of all, and prints a table of each;
``--page docs/reproduction.md`` puts the tables into that page as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.run import Run
from benchmarks.studies.commands import show
from benchmarks.studies.findings import tabulate_means
from benchmarks.studies.groups import SeedGroup, TrainedGroup, run_groups, score_seeds
from mesa_gym.scoring import ScoreCard

# A seed's share then has a standard error of at most 0.03, less than seeds differ.
LEVELS = 300
TRAP = "CheeseCorner"


def judge_agents(group: SeedGroup, trained: TrainedGroup) -> list[ScoreCard]:
    """Return the cards of a group's agents."""
    (agents,) = trained.agents.values()
    prefix = "".join(f"{value}-" for value in group.setting.values())
    return [*score_seeds(agents, group.trap, group.levels, prefix).values()]


def make_groups() -> dict[str, list[SeedGroup]]:
    """Return the groups of each part."""
    replay = [
        SeedGroup(
            "replay",
            {"algo": algo, "alpha": f"alpha{alpha}"},
            Run(TRAP, algo, alpha=alpha),
            judge_agents,
            range(3),
        )
        for algo in ("plr-exact", "ppo")
        for alpha in (0.0003, 0.001, 0.003)
    ]
    time = [
        SeedGroup("time", {"algo": algo}, Run(TRAP, algo), judge_agents, range(2))
        for algo in ("bc", "ppo")
    ]
    for gamma in (0.0, 0.5, 0.8, 0.9, 0.97):
        run, setting = Run(TRAP).change(discount=gamma), {"algo": "ppo", "gamma": f"gamma{gamma}"}
        time.append(SeedGroup("time", setting, run, judge_agents, range(2)))
    corner = [
        SeedGroup(
            "corner",
            {"algo": "ppo", "corner": f"corner{side}"},
            Run(TRAP, stages=(f"corner={side}",)),
            judge_agents,
            range(3),
        )
        for side in (1, 2, 3, 5, 7)
    ]
    return {"replay": replay, "time": time, "corner": corner}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""

    def finish(chosen: dict[str, list[SeedGroup]], options: Any) -> None:
        for name, groups in chosen.items():
            cards = [card for group in groups for card in group.read(options.out, ScoreCard)]
            steps = sum(group.steps * len(group.seeds) for group in groups) / 1e6
            head = f"{len(cards)} agents, trained for {steps:,.1f} million steps; {options.levels}"
            table = tabulate_means(cards)
            show(name, f"{head} levels a split.\n\n{table}", options.page)

    return run_groups("reproduction", __doc__, LEVELS, make_groups(), finish, arguments)
