"""The progress of a training: printed lines, advice, a curve as CSV, and TensorBoard files."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from agents import PHASES
from agents.loop import LEAST_SUCCESS, Evaluation, Report, TrainedAgent
from agents.run import Run
from mesa_gym.files import format_csv

CURVE_FILE = "curve.csv"
# Diagnostics of PPO -> the heading of their column in the printed progress.
DIAGNOSTIC_HEADINGS = {
    "explained_variance": "expl var", "approx_kl": "KL", "clip_fraction": "clip",
    "entropy": "entropy", "loss": "loss", "own_term": "own term",
}  # fmt: skip
CURVE_COLUMNS = ("steps", "return", "test", "base", "proxy", *DIAGNOSTIC_HEADINGS)
# The least gain in success rate between evaluations that exceeds chance on 250 levels.
GAIN = 0.05
# The names of diagnostics in TensorBoard; other names begin with "levels/".
TAGS = {name: f"loss/{name}" for name in DIAGNOSTIC_HEADINGS}
TAGS |= {"loss": "loss/ppo", "own_term": "loss/own term"}
# Modules that may provide the class ``SummaryWriter``, in order of preference.
TENSORBOARDS = ("tensorboardX", "torch.utils.tensorboard")


class Printer:
    """Prints a line after each tenth of a training, and advice at the end.

    Args:
        run: the training.
    """

    def __init__(self, run: Run) -> None:
        self._looks: dict[int, list[Evaluation]] = {}
        algorithm = run.algorithm
        trap = run.environment().trap
        self._usual, self._judging = algorithm.count_steps(trap.name()), trap.judging
        if algorithm.solves:
            levels = run.num_levels * (2 if run.alpha else 1)
            print(f"{algorithm.name} first solves up to {levels:,} levels", flush=True)

    def __call__(self, seeds: Sequence[int], looks: Sequence[Evaluation]) -> None:
        """Print a line with the means over the seeds that are trained together."""
        if not self._looks.keys() & {*seeds}:
            headings = (
                DIAGNOSTIC_HEADINGS.get(name, name.replace("_", " "))
                for name in looks[0].diagnostics
            )
            names = "".join(f" {heading:>8}" for heading in headings)
            head = f"{'seed':>9} {'steps':>11} {'return':>7} {'test':>5} | {'base':>5} {'proxy':>5}"
            print(f"{head} |{names}" if names else head)
        for seed, look in zip(seeds, looks, strict=True):
            self._looks.setdefault(seed, []).append(look)
        named = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]}-{seeds[-1]}"
        earned, test, base, proxy = np.mean([look[1:5] for look in looks], axis=0)
        line = f"{named:>9} {looks[0].steps:>11,} {earned:7.2f} {test:5.2f}"
        line += f" | {base:5.2f} {proxy:5.2f}"
        if looks[0].diagnostics:
            means = np.mean([[*look.diagnostics.values()] for look in looks], axis=0)
            line += " |" + "".join(f" {mean:8.2g}" for mean in means)
        print(line, flush=True)

    def conclude(self) -> None:
        """Print each agent's success rate on test levels, with advice."""
        for seed, looks in self._looks.items():
            success = self._judging.progress.format(looks[-1].test)
            print(f"seed {seed} {success}{advise(looks, self._usual)}")
        print(PHASES)


def advise(looks: Sequence[Evaluation], usual: int) -> str:
    """Return advice on a trained agent: score it, train longer, or change settings.

    Before the ``usual`` steps, a plateau may only mean that the learning rate has fallen.
    """
    if looks[-1].test >= LEAST_SUCCESS:
        return ": ready to score"
    short, flat = f", which is less than {LEAST_SUCCESS}: ", find_plateau(looks)
    if looks[-1].steps < usual:
        flat = None
    if flat is None:  # whole rollouts may be more steps than requested
        return f"{short}train longer, with --steps {2 * looks[-1].steps}"
    short += f"no gain since step {flat:,}, so that more steps are of little use; "
    if (term := looks[-1].diagnostics.get("own_term")) is not None:
        loss = looks[-1].diagnostics["loss"]
        return f"{short}your loss term is {term:.2g} beside PPO's {loss:.2g}: try a smaller"
    return f"{short}try other settings, or this network cannot do the trap"


def find_plateau(looks: Sequence[Evaluation]) -> int | None:
    """Return the step since which the success rate has not grown; None if it still grows.

    It has not grown if an evaluation in the first half of the training is at most ``GAIN`` below
    the best evaluation.
    """
    best = max(look.test for look in looks)
    since = next(look.steps for look in looks if look.test >= best - GAIN)
    return since if 2 * since <= looks[-1].steps else None


def write_curve(trained: TrainedAgent) -> bytes:
    """Return a training curve as CSV, one row per recorded step; missing values are empty cells.

    Its columns are ``steps``, ``return`` (the mean of the episodes that ended since the last row)
    and the fields of ``Evaluation``: ``test``, ``base``, ``proxy`` and the diagnostics.
    """
    looks = {
        float(x.steps): {"test": x.test, "base": x.base, "proxy": x.proxy, **x.diagnostics}
        for x in trained.looks
    }
    earned = dict(trained.curve)
    rows = [
        {"steps": int(step), "return": earned.get(step, ""), **looks.get(step, {})}
        for step in sorted({*looks, *earned})
    ]
    return format_csv(rows, CURVE_COLUMNS).encode()


def open_tensorboard(folder: Path, runs: Sequence[Run]) -> Report:
    """Return a report that writes TensorBoard files, in one folder per training.

    Raises:
        ImportError: no module of ``TENSORBOARDS`` is installed.
    """
    make = find_writer()
    writers = {run.seed: make(str(folder / run.name)) for run in runs}

    def write(seeds: Sequence[int], looks: Sequence[Evaluation]) -> None:
        for seed, look in zip(seeds, looks, strict=True):
            scalars = {"return": look.earned, "test": look.test, "shift/base": look.base}
            scalars |= {"shift/proxy": look.proxy}
            for name, mean in look.diagnostics.items():
                scalars[TAGS.get(name, f"levels/{name}")] = mean
            for name, value in scalars.items():
                writers[seed].add_scalar(name, value, look.steps)
            writers[seed].flush()

    return write


def find_writer() -> Any:
    """Return the class ``SummaryWriter`` of an installed library; ImportError without one."""
    for name in TENSORBOARDS:
        try:
            return import_module(name).SummaryWriter
        except ImportError:
            continue
    raise ImportError(
        "--tensorboard needs a library that writes its files: pip install tensorboardX"
    )
