"""Ceilings of the tracks' tasks: ``python -m docs.studies.ceilings --page docs/studies/tracks.md``.

Can plain networks pursue a task's roles at all? A ceiling is the share of shift levels on which an
agent takes what it is paid for, where half of its training levels are of the shift.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import numpy as np

from agents.algorithms import find_algorithm
from agents.lesson import Lesson
from agents.ppo import train
from agents.run import NUM_LEVELS
from benchmarks.markdown import lay_out_table
from benchmarks.tracks.tasks import RANKING, RUNGS, SEEDS, find_task
from docs.studies.page_tables import make_parser, show
from mesa_gym.command import DONE, run_command
from mesa_gym.policies import Policy
from mesa_gym.scoring import rollout
from mesa_gym.scoring.choices import find_choices
from mesa_gym.solver import level_values
from mesa_gym.terminal import say
from mesa_gym.traps import Split, Trap

SCORED = 300  # levels
SHIFTED = 0.5  # of the training levels
ENOUGH = 0.85  # an agent of a composed task that comes so far in half of the steps has learnt


def measure_ceiling(trap: Trap, role: str, steps: int) -> float:
    """Return how often an agent chooses a role at best, having met the shift and its reward.

    Args:
        trap: any solvable trap.
        role: the objective that is paid.
        steps: of training.
    """
    (agent,) = train(Lesson(trap, (0,), steps, SHIFTED, role, NUM_LEVELS))
    return measure_choice(agent, trap, role)


def measure_choice(agent: Policy, trap: Trap, role: str) -> float:
    """Return the share of shift levels on which an agent chooses an objective."""
    numbers, horizon = np.arange(SCORED), trap.horizon(Split.SHIFT)
    values = level_values(trap, Split.SHIFT, numbers, horizon)
    record = rollout(agent, trap, trap.levels(Split.SHIFT, numbers), horizon, play="shift")
    chosen = find_choices(trap, record, values) == [*trap.objectives].index(role)
    return float(chosen.mean())


def tabulate(tasks: Iterable[str]) -> str:
    """Return the ceilings of the roles of tasks, which are as they are with seed 0."""
    lines = []
    for name in tasks:
        task = find_task(name, 0)
        trap, told = task.make_plain_trap(), []
        roles = dict.fromkeys(x for seed in range(SEEDS) for x in find_task(name, seed).wanted)
        steps = find_algorithm("ppo").count_steps(trap.name())
        for role in roles:
            ceiling = 0.0
            for tried in (task.steps // 2, task.steps) if task.composed else (steps,):
                if ceiling < ENOUGH:
                    ceiling = measure_ceiling(trap, role, tried)
            told.append(f"{role} {ceiling:.2f}")
            say(f"{name}, {told[-1]}")
        lines.append([name, ", ".join(told)])
    return lay_out_table(["task", "ceilings"], lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 2 bad usage, 130 interrupted."""
    parser = make_parser("ceilings", __doc__)
    parser.add_argument("--tasks", nargs="+", default=[*RANKING, *RUNGS], help="(all)")
    options = parser.parse_args(arguments)

    def work() -> int:
        show("ceilings", tabulate(options.tasks), options.page)
        return DONE

    return run_command("ceilings", work)


if __name__ == "__main__":
    sys.exit(main())
