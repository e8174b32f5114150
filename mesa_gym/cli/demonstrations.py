"""``mesa-gym demonstrations``: demonstrations as a Minari dataset."""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import gymnasium

from mesa_gym.cli.traps import declare_trap, read_trap
from mesa_gym.command import DONE
from mesa_gym.envs.checks import integer
from mesa_gym.errors import shorten, unknown
from mesa_gym.policies import name_pursuer
from mesa_gym.probing import demonstrate
from mesa_gym.scoring.plays import MOST_LEVELS
from mesa_gym.scoring.record import ENDED
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split

EXAMPLE_DATASET = "mesa-gym/cheese-corner/cheese-v0"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    declare_trap(parser)
    add("--objective", default="base", help="objective of the oracle and reward (default: base)")
    add("--split", default="train", help="train, test, control or shift (default: train)")
    add("--levels", type=int, default=100, help="levels, one episode each (default: %(default)s)")
    add("--flat", action="store_true", help="record vectors as observations, as -Flat ids do")
    out = f"a new dataset in Minari's folder (MINARI_DATASETS_PATH), such as {EXAMPLE_DATASET}"
    add("--out", required=True, metavar="NAME", help=out)


def run(options: argparse.Namespace) -> int:
    """Write episodes of an objective's oracle as a Minari dataset."""
    trap, split = read_trap(options), Split.of(options.split)
    if options.objective not in ("base", *trap.objectives):
        raise unknown(f"objective of {trap.name()}", options.objective, trap.objectives)
    objective = trap.base if options.objective == "base" else options.objective
    levels = range(integer("levels", options.levels, 1, MOST_LEVELS))
    minari = _minari(options.out)
    _, actions = demonstrate(trap, objective, split, levels)
    id, other = (trap.id(each, options.flat) for each in (split, Split.SHIFT))
    env = gymnasium.make(id, reward=objective, size=trap.size, **trap.parameters)
    collector = minari.DataCollector(env, record_infos=True)
    with Progress(f"demonstrations {options.out}", len(levels), "episodes") as advance:
        for level, taken in zip(levels, actions, strict=True):
            collector.reset(seed=level, options={"level": level})
            for action in taken[taken != ENDED].tolist():
                collector.step(action)
            advance(1)
    pursuer = name_pursuer(trap, objective)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of authors, addresses
        dataset = collector.create_dataset(
            options.out,
            eval_env=other,
            algorithm_name=pursuer,
            description=f"{pursuer} on levels 0 to {len(levels) - 1} of {split} of {trap!r}.",
        )
    collector.close()
    print(f"wrote {options.out}: {dataset.total_episodes} episodes, {dataset.total_steps} steps")
    return DONE


def _minari(name: str) -> Any:
    """Return the package minari; ValueError for a dataset name that is invalid or taken."""
    import minari
    from minari.dataset.minari_dataset import parse_dataset_id

    try:
        parse_dataset_id(name)
    except (TypeError, ValueError):  # of a name without a version, and of another bad one
        raise ValueError(
            f"{shorten(name)} cannot be a dataset's name; expected one such as {EXAMPLE_DATASET!r}"
        ) from None
    if name in minari.list_local_datasets():
        raise ValueError(f"the dataset {name!r} exists already; choose another name or version")
    return minari
