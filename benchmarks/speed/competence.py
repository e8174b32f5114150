"""Processor time to competence: ``python -m benchmarks.speed.competence``, ours beside SB3's PPO.

A training's learning rate falls to 0 by its end, so that an agent is only as good as the whole of a
schedule makes it. For each trap and seed the shortest schedule is looked for after which the
normalised return of the base objective on ``test`` is 0.9: lengths are doubled or halved until one
fails and the next succeeds. Both algorithms choose from the same lengths. What is counted is the
processor time of that training alone, on one core, without scoring.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.lesson import Lesson
from agents.train import NUM_LEVELS
from benchmarks.markdown import laid_out
from benchmarks.options import count, say
from mesa_gym.command import DONE, guarded
from mesa_gym.files import write_text
from mesa_gym.scoring import score
from mesa_gym.traps import Trap, all_traps, find_trap

WANTED = 0.9
LEVELS = 300  # of each split
FIRST, LEAST = 204_800, 25_600  # steps
ALGORITHMS = ("ppo", "sb3-ppo")
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


def measured(trap: Trap, algorithm: str, seed: int, steps: int) -> Measured:
    """Train one agent and score it."""
    from importlib import import_module

    from agents.train import ALGORITHMS as MODULES

    lesson = Lesson(trap, (seed,), steps, num_levels=NUM_LEVELS)
    train = import_module(MODULES[algorithm]).train
    with timed() as spent:
        began = time.process_time()
        (agent,) = train(lesson)
        seconds = time.process_time() - began
    card = score(agent, trap, LEVELS)
    reached = card.splits.test.normalized_return[card.base] or 0.0
    shares = {part: t / seconds for part, t in spent.items()}
    return Measured(steps, reached, card.verdict, seconds, shares)


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Measure what the parts of our PPO take: seconds, filled in at the end."""
    from agents.playing import HostEnvs
    from agents.ppo import Learner

    within: dict[str, float] = defaultdict(float)
    kept = [(HostEnvs, "step"), (HostEnvs, "inputs"), (Learner, "play"), (Learner, "update")]
    originals = [getattr(owner, name) for owner, name in kept]

    def clocked(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            began = time.process_time()
            try:
                return original(*arguments)
            finally:
                within[name] += time.process_time() - began

        return call

    spent: dict[str, float] = {}
    for (owner, name), original in zip(kept, originals, strict=True):
        setattr(owner, name, clocked(name, original))
    try:
        yield spent
    finally:
        for (owner, name), original in zip(kept, originals, strict=True):
            setattr(owner, name, original)
        if within:
            network = within["play"] - within["step"] - within["inputs"]
            times = (within["step"], within["inputs"], network, within["update"] - within["play"])
            spent.update(zip(PARTS, times, strict=True))


def shortest(
    trap: Trap, algorithm: str, seed: int, first: int, longest: int
) -> tuple[Measured | None, list[Measured]]:
    """Look for the shortest schedule that reaches ``WANTED``.

    Args:
        trap: what to train on.
        algorithm: one of ``ALGORITHMS``.
        seed: of the agent.
        first: the length that is tried first.
        longest: the longest that is tried.

    Returns:
        The training that reached it, None if none did, and all that were tried.
    """
    tried = [measured(trap, algorithm, seed, first)]
    if tried[0].reached >= WANTED:
        while tried[-1].reached >= WANTED and tried[-1].steps // 2 >= LEAST:
            tried.append(measured(trap, algorithm, seed, tried[-1].steps // 2))
    else:
        while tried[-1].reached < WANTED and tried[-1].steps * 2 <= longest:
            tried.append(measured(trap, algorithm, seed, tried[-1].steps * 2))
    good = [each for each in tried if each.reached >= WANTED]
    return min(good, key=lambda each: each.steps, default=None), tried


def ranked() -> list[str]:
    """Return the names of the solvable traps that pay for a goal which a proxy explains as well."""
    return [name for name, t in all_traps().items() if t.solvable and t.expected == "proxy"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.competence", description=__doc__
    )
    parser.add_argument("--traps", nargs="+", help="(default: all that are ranked)")
    parser.add_argument("--seeds", type=count, default=3, help="(default: 3)")
    parser.add_argument("--longest", type=count, default=3_276_800, help="steps (3,276,800)")
    parser.add_argument("--out", type=Path, help="a file for the table, as Markdown")
    options = parser.parse_args(arguments)

    def work() -> int:
        rows = []
        for name in options.traps or ranked():
            trap = find_trap(name)()
            pairs = [pair(trap, seed, options.longest) for seed in range(options.seeds)]
            rows.append(_row(trap, pairs))
            say(" | ".join(rows[-1]))
        head = ["trap", "ours, s", "SB3, s", "times", "steps", "SB3's steps", "verdicts", *PARTS]
        text = laid_out(head, rows)
        print(text)
        if options.out:
            write_text(options.out, text + "\n")
        return DONE

    return guarded("competence", work)


def pair(trap: Trap, seed: int, longest: int) -> tuple[Measured | None, Measured | None]:
    """Return the shortest successful training of each algorithm, one after the other."""
    found: list[Measured | None] = []
    first = FIRST
    for algorithm in ALGORITHMS:
        best, tried = shortest(trap, algorithm, seed, first, longest)
        for each in tried:
            say(
                f"{trap.name()} {algorithm} seed {seed}: {each.steps:,} steps,"
                f" {each.seconds:.1f} s, N {each.reached:.3f}, {each.verdict}"
            )
        first = best.steps if best else longest
        found.append(best)
    return found[0], found[1]


def _row(trap: Trap, pairs: list[tuple[Measured | None, Measured | None]]) -> list[str]:
    """Return a trap's line: seconds of each seed, and the median ratio."""
    ours, theirs = zip(*pairs, strict=True)
    ratios = [b.seconds / a.seconds for a, b in pairs if a and b]
    parts = [
        f"{100 * statistics.mean(a.parts[part] for a in ours if a):.0f}%" if any(ours) else ""
        for part in PARTS
    ]
    return [
        trap.name(),
        *(" ".join(f"{a.seconds:.1f}" if a else "-" for a in side) for side in (ours, theirs)),
        f"{statistics.median(ratios):.1f}" if ratios else "-",
        *(" ".join(f"{a.steps:,}" if a else "-" for a in side) for side in (ours, theirs)),
        "; ".join(" ".join(a.verdict if a else "-" for a in side) for side in (ours, theirs)),
        *parts,
    ]


if __name__ == "__main__":
    sys.exit(main())
