"""The composed pairs: is a pair a fair task, and which of its roles can plain networks pursue?

    python -m benchmarks study composed --pair 17

makes a pair, certifies it, trains PPO on it and scores the agent: under two minutes of one core.
``--certify 200`` certifies the pairs 0 to 199 and counts their classes. ``--ceilings`` measures a
ceiling a role: the share of shift levels on which an agent takes what it is paid for, where half of
its training levels are of the shift; a role below the line does not rank. It takes names, such as
``Composed`` or ``CheeseDish``, and goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.algorithms import find_algorithm
from agents.lesson import Lesson
from agents.ppo import train
from agents.run import NUM_LEVELS
from benchmarks.options import count
from mesa_gym.command import DONE, FAILED, run_command
from mesa_gym.engine import LevelBuilder
from mesa_gym.errors import unknown
from mesa_gym.files import read_json, write_json
from mesa_gym.policies import Policy
from mesa_gym.scoring import rollout, score
from mesa_gym.scoring.choices import find_choices
from mesa_gym.solver import level_values
from mesa_gym.solver.certificate import certify
from mesa_gym.traps import Split, Trap, find_trap
from mesa_gym.traps.composed import Composed
from mesa_gym.traps.pairs import list_patterns

OUT = Path("benchmarks/results/ceilings.json")
CERTIFIED, SCORED, LAYOUTS = 100, 300, 500  # levels
STEPS_OF_A_PAIR = 800_000
DRAWN = (Split.TRAIN, Split.CONTROL, Split.SHIFT)  # test is drawn as train is
# The ceiling that a role must reach to rank.
LINE = 0.8
# An agent that comes so far after the first of these steps is not trained for the second.
ENOUGH, CEILING_STEPS = 0.85, (400_000, 800_000)
SHIFTED = 0.5  # of the training levels
ATTRIBUTE = ("CheeseDish", "ColourShape", "RedBlueDoors", "Attributes")
OTHERS = ("CheeseCorner", "CoinRun", "NearestFruit", "PointedGoal", "ChuteOrFire", "KeysChests")


def report_pair(number: int) -> bool:
    """Make, certify, train on and score a pair, print it, and return whether the pair certifies."""
    trap, start = Composed(pair=number), time.process_time()
    certificate = certify(trap, CERTIFIED)
    failures = "; ".join(certificate.failures())
    print(f"{trap}\ncertificate on {CERTIFIED} levels a split: {failures or 'holds'}", flush=True)
    (agent,) = train(Lesson(trap, (0,), STEPS_OF_A_PAIR, num_levels=NUM_LEVELS))
    card = score(agent, trap, SCORED, name="ppo")
    print(f"ppo after {STEPS_OF_A_PAIR:,} steps, {SCORED} levels a split: {card.verdict}")
    print(f"  solved on test: {card.read_number('test', 'solved'):.3f}")
    for x, share in card.read_each("shift", "choice").items():
        print(f"  first at {x} under shift: {share:.3f}")
    print(f"{time.process_time() - start:.0f} CPU seconds in all")
    return certificate.holds


def certify_pairs(many: int) -> bool:
    """Certify the pairs 0 to ``many`` - 1, print how it went, and return whether all hold."""
    accepted: list[list[float]] = []
    certified, classes = 0, set()
    for trap in (Composed(pair=number) for number in range(many)):
        certificate = certify(trap, CERTIFIED)
        certified += certificate.holds
        accepted.append([measure_acceptance(trap, split) for split in DRAWN])
        classes.add(trap.pair.pattern)
        if not certificate.holds:
            print(f"{trap!r}: {'; '.join(certificate.failures())}")
    print(f"{certified} of {many} pairs certify on {CERTIFIED} levels a split")
    print(f"they are of {len(classes)} classes, of {len(list_patterns())} that there are")
    for split, shares in zip(DRAWN, np.transpose(accepted), strict=True):
        print(f"{split}: {shares.mean():.2f} of layouts are accepted, {shares.min():.2f} at least")
    return certified == many


def measure_acceptance(trap: Trap, split: Split) -> float:
    """Return the share of layouts that a trap's own requirements accept."""
    level = LevelBuilder(trap, trap.key(split), np.arange(LAYOUTS))
    trap.draw(level, split)
    return float(level.valid.mean())


def list_tasks(names: Sequence[str]) -> dict[str, Trap]:
    """Return task -> trap, of traps that are named: a pair of each class is a task of Composed's.

    Raises:
        UnknownNameError: a name is of none of them.
    """
    # As tasks of the tracks are called: Composed-attribute-place.
    classes = (str(each).replace(" against ", "-").replace(" ", "-") for each in list_patterns())
    pairs: dict[str, Trap] = {f"Composed-{x}": Composed(pair=i) for i, x in enumerate(classes)}
    named = {name: {name: find_trap(name)()} for name in (*ATTRIBUTE, *OTHERS)}
    of_name = {"Composed": pairs} | named
    if strange := [name for name in names if name not in of_name]:
        raise unknown("task", strange[0], of_name)
    return {task: trap for name in names or of_name for task, trap in of_name[name].items()}


def measure_ceiling(trap: Trap, role: str) -> dict[str, Any]:
    """Return how often an agent chooses a role at best, having met the shift and its reward.

    Args:
        trap: any solvable trap.
        role: the objective that is paid.
    """
    start, ceiling, steps = time.process_time(), 0.0, 0
    tried = (
        CEILING_STEPS
        if isinstance(trap, Composed)
        else (find_algorithm("ppo").count_steps(trap.name()),)
    )
    for steps in tried:
        (agent,) = train(Lesson(trap, (0,), steps, SHIFTED, role, NUM_LEVELS))
        ceiling = measure_choice(agent, trap, role)
        if ceiling >= ENOUGH:
            break
    found = {"trap": repr(trap), "steps": steps, "ceiling": ceiling, "levels": SCORED}
    return found | {"cpu_seconds": round(time.process_time() - start, 1)}


def measure_choice(agent: Policy, trap: Trap, role: str) -> float:
    """Return the share of shift levels on which an agent chooses an objective."""
    numbers, horizon = np.arange(SCORED), trap.horizon(Split.SHIFT)
    values = level_values(trap, Split.SHIFT, numbers, horizon)
    record = rollout(agent, trap, trap.levels(Split.SHIFT, numbers), horizon, play="shift")
    chosen = find_choices(trap, record, values) == [*trap.objectives].index(role)
    return round(float(chosen.mean()), 3)


def measure_ceilings(tasks: Mapping[str, Trap], out: Path) -> Iterator[str]:
    """Measure what ``out`` does not have yet, write it after each role, and yield a line of it."""
    kept: dict[str, dict[str, Any]] = read_json(out) if out.exists() else {}
    for task, trap in tasks.items():
        for role in trap.objectives:
            if role not in kept.setdefault(task, {}):
                kept[task][role] = measure_ceiling(trap, role)
                write_json(out, kept)
            found = kept[task][role]
            says = f"{found['ceiling']:.3f} after {found['steps']:,} steps"
            rank = "" if found["ceiling"] >= LINE else ", does not rank"
            yield f"{task}, {role}: {says}, {found['cpu_seconds']:.0f} CPU seconds{rank}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 a pair does not certify, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks study composed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--pair", type=int, help="make, certify, train on and score one")
    wanted.add_argument("--certify", type=count, metavar="COUNT", help="certify so many")
    wanted.add_argument("--ceilings", nargs="*", metavar="TASK", help="measure ceilings (of all)")
    parser.add_argument("--out", type=Path, default=OUT, help=f"of the ceilings ({OUT})")
    options = parser.parse_args(arguments)

    def work() -> int:
        if options.ceilings is not None:
            for line in measure_ceilings(list_tasks(options.ceilings), options.out):
                print(line, flush=True)
            return DONE
        if options.certify is not None:
            return DONE if certify_pairs(options.certify) else FAILED
        return DONE if report_pair(options.pair) else FAILED

    return run_command("composed", work, f"what was measured is kept in {options.out}")
