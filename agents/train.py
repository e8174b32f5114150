"""Train a baseline agent: ``python -m agents.train --trap RedBlueDoors --seed 1 --out DIR``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agents.lesson import Lesson, Progress
from mesa_gym.command import DONE, guarded
from mesa_gym.envs.settings import Settings
from mesa_gym.errors import missing_extra, unknown
from mesa_gym.scoring.card_data import package_versions

# What follows an algorithm's name -> the network that it trains.
NETWORKS = {"": "centred", "-cnn": "cnn"}
# Algorithm -> the function of a lesson that trains it; imported where it is needed.
METHODS = {
    "ppo": "agents.ppo:train",
    "a2c": "agents.a2c:train",
    "dqn": "agents.dqn:train",
    "qrdqn": "agents.qrdqn:train",
    "recurrent-ppo": "agents.recurrent_ppo:train",
    "bc": "agents.cloning:train",
    "ppo-augmented": "agents.augmented:train",
    "ppo-ensemble": "agents.ensemble:train",
    "plr": "agents.plr:train",
    "plr-exact": "agents.plr:train_exact",
}
ALGORITHMS = {
    method + suffix: (function, network)
    for method, function in METHODS.items()
    for suffix, network in NETWORKS.items()
}
# Enough for every trap; the easiest needs a tenth of it.
STEPS = 6_000_000
# With 1,000 instead an agent learns the levels by heart and is not competent on others.
NUM_LEVELS = 30_000
PACKAGES = ("safetensors", "sb3-contrib", "stable-baselines3", "torch")


@dataclass(frozen=True)
class Run:
    """A training. Plain data, so that it can be sent to a worker process.

    Attributes:
        trap: its name, such as ``RedBlueDoors``.
        algo: one of ``ALGORITHMS``.
        seed: 0 to 2**32 - 1, of weights, actions and the order of levels.
        steps: environment steps.
        alpha: the share of episodes drawn from the shift distribution, 0 to 1.
        reward: the objective that is paid; ``base`` is the base objective.
        num_levels: how many different levels are trained on.
        checkpoints: how many equal parts training has; what the agent was at the end of each
            but the last is kept beside it.

    Raises:
        ValueError: a name is unknown or a number out of range.
    """

    trap: str
    algo: str = "ppo"
    seed: int = 0
    steps: int = STEPS
    alpha: float = 0.0
    reward: str = "base"
    num_levels: int = NUM_LEVELS
    checkpoints: int = 1

    def __post_init__(self) -> None:
        if self.algo not in ALGORITHMS:
            raise unknown("algorithm", self.algo, ALGORITHMS)
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be from 0 to 2**32 - 1, got {self.seed}")
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        if self.checkpoints < 1:
            raise ValueError(f"checkpoints must be at least 1, got {self.checkpoints}")
        self.settings()

    def settings(self) -> Settings:
        """Return those of its environments; making them checks the other attributes."""
        return Settings(self.trap, alpha=self.alpha, reward=self.reward, num_levels=self.num_levels)

    @property
    def name(self) -> str:
        """Of the agent, unique among those of a trap that are trained for the same reward."""
        alpha = f"-alpha{self.alpha:g}" if self.alpha else ""
        return f"{self.algo}{alpha}-s{self.seed}"

    def command(self) -> str:
        """Return the command that repeats it, apart from --out."""
        options = (f"--{name.replace('_', '-')} {value}" for name, value in asdict(self).items())
        return " ".join(["python -m agents.train", *options])


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
    from agents.saving import require_free, save, weights

    require_free(out)
    settings = run.settings()
    path, network = ALGORITHMS[run.algo]
    module, _, function = path.partition(":")
    kept: dict[int, bytes] = {}
    lesson = Lesson(
        settings.trap,
        network,
        run.seed,
        run.steps,
        run.alpha,
        run.reward,
        run.num_levels,
        progress=progress,
        parts=run.checkpoints,
        keep=lambda steps, actor: kept.update({steps: weights(actor)}),
    )
    actor = getattr(import_module(module), function)(lesson)
    facts: dict[str, Any] = asdict(run) | {"reward": settings.reward, "command": run.command()}
    del facts["trap"]
    facts |= {"versions": _versions(), "curve": lesson.curve.points()}
    save(out, weights(actor), actor.kind, network, settings.trap, facts, kept)
    return out


def _versions() -> dict[str, str]:
    return package_versions() | {package: version(package) for package in PACKAGES}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agents.train", description="Train an agent.")
    parser.add_argument("--trap", required=True, help="such as RedBlueDoors")
    parser.add_argument("--algo", default="ppo", help=f"{' or '.join(ALGORITHMS)} (default: ppo)")
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    steps = f"environment steps; of bc, transitions learnt from (default: {STEPS:,})"
    parser.add_argument("--steps", type=int, default=STEPS, help=steps)
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
    parser.add_argument("--out", type=Path, required=True, help="the agent's directory, made here")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = vars(_parser().parse_args(arguments))
    out = options.pop("out")

    def work() -> int:
        run = Run(**options)
        with _bar(run) as bar:
            print(train(run, out, bar.update))
        return DONE

    return guarded("agents.train", work, "no agent was written")


def _bar(run: Run) -> Any:
    """A progress bar on standard error, where that is a terminal."""
    try:
        from tqdm import tqdm
    except ImportError:
        raise missing_extra("tqdm", "sb3") from None
    title = f"{run.algo} on {run.trap}, seed {run.seed}"
    hidden = not sys.stderr.isatty()
    return tqdm(total=run.steps, desc=title, unit="step", unit_scale=True, disable=hidden)


if __name__ == "__main__":
    sys.exit(main())
