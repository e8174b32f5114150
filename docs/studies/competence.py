"""Processor time to competence, of two algorithms side by side: ours and SB3's PPO, or others.

::

    python -m docs.studies.competence
    python -m docs.studies.competence --algorithms ppo-planner ppo --traps KeysChests

A training's learning rate falls to 0 by its end, so that an agent is only as good as the whole of a
schedule makes it. For each trap and seed the shortest schedule is looked for after which the
normalised return of the base objective on ``test`` is 0.9: lengths are doubled or halved until one
fails and the next succeeds. Both algorithms choose from the same lengths. What is counted is the
processor time of that training alone, on one core, without scoring.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean, median
from typing import Any
from unittest.mock import patch

from agents.algorithms import find_algorithm
from agents.lesson import Lesson
from agents.run import NUM_LEVELS
from benchmarks.markdown import lay_out_table
from mesa_gym.command import DONE, run_command
from mesa_gym.scoring import score
from mesa_gym.terminal import say
from mesa_gym.traps import Trap, all_traps, find_trap

WANTED = 0.9
LEVELS = 300  # of each split
FIRST, LEAST = 204_800, 25_600  # steps
USUAL = ("ppo", "sb3-ppo")
PARTS = ("environment", "view", "network", "update")


@dataclass(frozen=True)
class Measured:
    """One training.

    Attributes:
        steps: environment steps.
        reached: normalised return of base on ``test``.
        verdict: of the agent.
        seconds: processor time.
        parts: of ``PARTS``, their shares of it; only of our PPO.
    """

    steps: int
    reached: float
    verdict: str
    seconds: float
    parts: dict[str, float]


def measure_training(trap: Trap, algorithm: str, seed: int, steps: int) -> Measured:
    """Train one agent and score it."""
    lesson = Lesson(trap, (seed,), steps, num_levels=NUM_LEVELS)
    with time_parts() as spent:
        began = time.process_time()
        (agent,) = find_algorithm(algorithm).train(lesson)
        seconds = time.process_time() - began
    card = score(agent, trap, LEVELS)
    reached = card.read_each("test", "normalized_return")[card.base] or 0.0
    shares = {part: t / seconds for part, t in spent.items()}
    say(
        f"{trap.name()} {algorithm} seed {seed}: {steps:,} steps, {seconds:.1f} s,"
        f" N {reached:.3f}, {card.verdict}"
    )
    return Measured(steps, reached, card.verdict, seconds, shares)


@contextmanager
def time_parts() -> Iterator[dict[str, float]]:
    """Measure what the parts of our PPO take: seconds, filled in at the end."""
    from agents.playing import HostEnvs
    from agents.ppo import Learner

    within: dict[str, float] = defaultdict(float)

    def clock_method(owner: type, name: str) -> Any:
        original: Callable[..., Any] = getattr(owner, name)

        def call(*arguments: Any) -> Any:
            began = time.process_time()
            try:
                return original(*arguments)
            finally:
                within[name] += time.process_time() - began

        return patch.object(owner, name, call)

    spent: dict[str, float] = {}
    with (
        clock_method(HostEnvs, "step"),
        clock_method(HostEnvs, "inputs"),
        clock_method(Learner, "play"),
        clock_method(Learner, "update"),
    ):
        yield spent
    if within:
        network = within["play"] - within["step"] - within["inputs"]
        times = (within["step"], within["inputs"], network, within["update"] - within["play"])
        spent.update(zip(PARTS, times, strict=True))


def find_shortest(
    measure: Callable[[int], Measured], first: int, longest: int, least: int = LEAST
) -> Measured | None:
    """Return the shortest training that reached ``WANTED``; None if none did.

    Args:
        measure: trains for so many steps.
        first: the length that is tried first.
        longest: the longest that is tried.
        least: the shortest.
    """
    found = measure(first)
    good = found.reached >= WANTED
    while least <= (steps := found.steps // 2 if good else found.steps * 2) <= longest:
        other = measure(steps)
        if (other.reached >= WANTED) != good:
            return found if good else other
        found = other
    return found if good else None


def measure_row(
    trap: Trap, seeds: int, longest: int, algorithms: Sequence[str] = USUAL
) -> list[str]:
    """Return a trap's line: seconds of each seed, and the median ratio of the second's to them."""
    ours: list[Measured | None] = []
    theirs: list[Measured | None] = []
    for seed in range(seeds):
        first = FIRST
        for algorithm, side in zip(algorithms, (ours, theirs), strict=True):

            def measure(steps: int, algorithm: str = algorithm, seed: int = seed) -> Measured:
                return measure_training(trap, algorithm, seed, steps)

            best = find_shortest(measure, first, longest)
            first = best.steps if best else longest
            side.append(best)
    ratios = [b.seconds / a.seconds for a, b in zip(ours, theirs, strict=True) if a and b]
    parts = [[a.parts[part] for a in ours if a] for part in PARTS]
    return [
        trap.name(),
        *(" ".join(f"{a.seconds:.1f}" if a else "-" for a in side) for side in (ours, theirs)),
        f"{median(ratios):.1f}" if ratios else "-",
        *(" ".join(f"{a.steps:,}" if a else "-" for a in side) for side in (ours, theirs)),
        "; ".join(" ".join(a.verdict if a else "-" for a in side) for side in (ours, theirs)),
        *(f"{100 * mean(shares):.0f}%" if shares else "" for shares in parts),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m docs.studies.competence", description=__doc__)
    # The solvable traps that pay for a goal which a proxy explains as well.
    ranked = [name for name, t in all_traps().items() if t.solvable and t.expected == "proxy"]
    parser.add_argument("--traps", nargs="+", default=ranked, help="(default: all that are ranked)")
    parser.add_argument("--seeds", type=int, default=3, help="(default: 3)")
    parser.add_argument(
        "--algorithms", nargs=2, default=USUAL, metavar="ALGORITHM", help="(ppo sb3-ppo)"
    )
    parser.add_argument("--longest", type=int, default=3_276_800, help="steps (3,276,800)")
    options = parser.parse_args(arguments)

    def work() -> int:
        rows, (ours, theirs) = [], options.algorithms
        for name in options.algorithms:
            find_algorithm(name)
        for name in options.traps:
            trap, asked = find_trap(name)(), (options.seeds, options.longest, options.algorithms)
            rows.append(measure_row(trap, *asked))
            say(" | ".join(rows[-1]))
        head = ["trap", f"{ours}, s", f"{theirs}, s", "times"]
        head += [f"{ours}, steps", f"{theirs}, steps", "verdicts", *PARTS]
        print(lay_out_table(head, rows))
        return DONE

    return run_command("competence", work)


if __name__ == "__main__":
    sys.exit(main())
