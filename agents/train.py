"""Train a baseline agent: ``python -m agents.train --trap RedBlueDoors --seed 1 --out DIR``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from agents import ppo_settings
from agents.algorithms import ALGORITHMS, USUAL_STEPS
from agents.lesson import Lesson, Progress
from agents.ppo_settings import PPOSettings
from agents.run import NUM_LEVELS, Run
from mesa_gym.command import DONE, run_command
from mesa_gym.errors import missing_extra
from mesa_gym.scoring.card_data import package_versions

if TYPE_CHECKING:  # torch is an extra
    from agents.saving import TrainedAgent

# (environment steps, mean return of the episodes that ended before them)
Curve = list[tuple[float, float]]
PACKAGES = ("stable-baselines3", "torch")


def train(run: Run, out: Path, progress: Progress = lambda steps: None) -> Path:
    """Train an agent and write its directory; torch is left with one thread.

    Args:
        run: what to train.
        out: the directory, which must be free.
        progress: called with the number of steps taken since the last call.

    Returns:
        The directory.

    Raises:
        FileExistsError: the directory holds something already.
        ImportError: an extra is not installed; the message names it.
    """
    # Reinforcement learning is an extra, and takes seconds to import.
    from agents.saving import require_free, save

    require_free(out)
    (trained,) = train_many(run, (run.seed,), progress)
    save(out, trained)
    return out


def train_many(
    run: Run,
    seeds: Sequence[int],
    progress: Progress = lambda steps: None,
    device: str | None = None,
) -> list[TrainedAgent]:
    """Train agents that differ in their seeds, together where the algorithm can.

    Args:
        run: what to train; its own seed does not count.
        seeds: of the agents.
        progress: called with the number of steps that all agents have taken since the last call.
        device: of PPO: where to train, as torch names it; None for environments in NumPy.
    """
    from agents.saving import record_agent

    trap, about = run.environment().trap, run.algorithm.describe()
    versions = package_versions() | {package: version(package) for package in PACKAGES}
    earlier: dict[int, dict[int, TrainedAgent]] = {seed: {} for seed in seeds}

    def record(seed: int, agent: Any, curve: Curve, at: int | None = None) -> TrainedAgent:
        own = replace(run, seed=seed)
        facts = own.facts() | {"command": own.command(), "versions": versions, "curve": curve}
        del facts["trap"], facts["seed"]
        name = own.name if at is None else f"{own.name}-at-{at}"
        return record_agent(agent, trap, name, seed, about=about, trained_for=at, **facts)

    def keep(at: int, seed: int, agent: Any) -> None:
        earlier[seed][at] = record(seed, agent, [], at)

    agents, curves = learn(run, seeds, keep, device=device, progress=progress)
    found = []
    for seed, agent, curve in zip(seeds, agents, curves, strict=True):
        kept = {
            at: replace(each, record=structs.replace(each.record, curve=cut_curve(curve, at)))
            for at, each in earlier[seed].items()
        }
        found.append(replace(record(seed, agent, curve), earlier=kept))
    return found


def cut_curve(curve: Curve, at: int) -> Curve:
    """Return a learning curve up to a checkpoint."""
    return [point for point in curve if point[0] <= at]


def learn(
    run: Run,
    seeds: Sequence[int],
    keep: Callable[[int, int, Any], None] = lambda steps, seed, agent: None,
    **more: Any,
) -> tuple[list[Any], list[Curve]]:
    """Train agents stage by stage, each stage from the agents of the one before.

    Args:
        run: what to train; its own seed does not count.
        seeds: of the agents.
        keep: called at checkpoints and at the end of each stage except the last, with the steps of
            all stages so far, a seed and that seed's agent.
        more: further arguments of each lesson.

    Returns:
        The agents, and the learning curve of each.
    """
    agents: list[Any] = []
    curves: list[Curve] = [[] for _ in seeds]
    done = 0

    def keep_all(at: int, seed: int, agent: Any) -> None:
        keep(done + at, seed, agent)

    for stage in run.parts():
        for seed, agent in zip(seeds, agents, strict=True) if done else ():
            keep_all(0, seed, agent)
        lesson = Lesson(
            seeds=tuple(seeds),
            checkpoints=tuple(
                stage.steps * i // run.checkpoints for i in range(1, run.checkpoints)
            ),
            keep=keep_all,
            settings=run.settings or PPOSettings(),
            start=agents or None,
            **stage.lesson(),
            **more,
        )
        agents = run.algorithm.train(lesson)
        for index, curve in enumerate(curves):
            curve += [(done + at, mean) for at, mean in lesson.curve(index)]
        done += stage.steps
    return agents, curves


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agents.train", description="Train an agent.")
    parser.add_argument("--trap", required=True, help="such as RedBlueDoors")
    named = f"{' or '.join(ALGORITHMS)}, or FILE.py:function of your own (default: ppo)"
    parser.add_argument("--algo", default="ppo", help=named)
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    counted = "environment steps; of bc, transitions"
    steps = f"{counted} (default: the trap's, {USUAL_STEPS:,} for most)"
    parser.add_argument("--steps", type=int, help=steps)
    parser.add_argument(
        "--alpha", type=float, default=0.0, help="share of episodes from the shift (default: 0)"
    )
    parser.add_argument("--reward", default="base", help="the objective paid (default: base)")
    parser.add_argument(
        "--num-levels", type=int, default=NUM_LEVELS, help=f"(default: {NUM_LEVELS:,})"
    )
    parser.add_argument(
        "--checkpoints", type=int, default=1, help="parts of training to keep (default: the last)"
    )
    parser.add_argument(
        "--stage",
        action="append",
        dest="stages",
        metavar="WORDS",
        help="a stage of the training, such as 'reward=colour rho=0 steps=1000000'; again for the"
        " next, which goes on with what was learnt",
    )
    parser.add_argument("--out", type=Path, required=True, help="the agent's directory, made here")
    usual = {name: each.settings for name, each in ALGORITHMS.items() if each.settings}
    ppo_settings.add_options(parser, usual)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = vars(_parser().parse_args(arguments))
    out, steps = options.pop("out"), options.pop("steps")

    def work() -> int:
        if steps is not None and steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        settings = ppo_settings.take_options(options)
        given = options | {"steps": steps or 0, "stages": tuple(options["stages"] or ())}
        run = Run(**given).change(**settings)
        with _bar(run) as bar:
            print(train(run, out, bar.update))
        return DONE

    return run_command("agents.train", work, "no agent was written")


def _bar(run: Run) -> Any:
    """A progress bar on standard error, where that is a terminal."""
    try:
        from tqdm import tqdm
    except ImportError:
        raise missing_extra("tqdm", "sb3") from None
    title = f"{run.algorithm.name} on {run.trap}, seed {run.seed}"
    hidden = not sys.stderr.isatty()
    return tqdm(
        total=sum(part.steps for part in run.parts()),
        desc=title,
        unit="step",
        unit_scale=True,
        disable=hidden,
    )


if __name__ == "__main__":
    sys.exit(main())
