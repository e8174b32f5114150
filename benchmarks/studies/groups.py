"""Groups of agents that differ in their seed alone: trained together, judged, kept in a file."""

from __future__ import annotations

import argparse
import io
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from agents.run import Run
from agents.train import learn
from benchmarks.options import count
from benchmarks.runs.jobs import STEPS_A_SECOND
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.runs.results import Results
from benchmarks.studies.commands import around, make_runner_parser, run_units
from mesa_gym.command import DONE
from mesa_gym.errors import missing_extra, unknown
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies import Policy
from mesa_gym.report import interval, mean_over_traps
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.scoring.evidence import encode, read_letters
from mesa_gym.traps import Trap


class TrainedGroup(Struct, frozen=True):
    """The agents of a group.

    Attributes:
        agents: steps of the training -> seed -> agent, the last ones when it was over.
        seconds: of the processor, an agent.
    """

    agents: dict[int, dict[int, Any]]
    seconds: float


@dataclass(frozen=True)
class SeedGroup:
    """Agents that differ in their seed alone.

    Attributes:
        study: the study, or the part of it, that they belong to.
        setting: what tells them from other groups of it: name -> value.
        run: their training.
        judge: returns what is to be kept of them, a ``Struct`` each.
        seeds: of the agents.
        levels: on which each is scored, of each split.
    """

    study: str
    setting: Mapping[str, Any]
    run: Run
    judge: Callable[[SeedGroup, TrainedGroup], Iterable[Struct]]
    seeds: range = range(5)
    levels: int = 0

    @property
    def name(self) -> str:
        """The name of its unit and file."""
        return re.sub(r"[^\w.]+", "-", "-".join([self.study, *map(str, self.setting.values())]))

    @property
    def trap(self) -> Trap:
        """The trap of the last stage, on which they are scored."""
        return self.run.environment().trap

    @property
    def steps(self) -> int:
        """The environment steps of each agent."""
        return sum(part.steps for part in self.run.parts())

    @property
    def about(self) -> str:
        """The facts that rows depend on: those of other ones are not used."""
        return f"{self.run}, {self.seeds}, {self.levels} levels"

    def unit(self) -> Unit:
        """Return what is to be done: training, and judging."""
        seconds = self.steps * len(self.seeds) / STEPS_A_SECOND
        return Unit(self.name, partial(_is_done, self), partial(_work, self), seconds)

    def read(self, folder: Path, kind: type[Any]) -> list[Any]:
        """Return what ``judge`` returned, of a kind of ``Struct``.

        Raises:
            ValueError: the file is damaged, or was made in another way.
        """
        path = folder / f"{self.name}.json"
        try:
            found: Any = tuple[str, list[kind]]  # type: ignore[valid-type]
            about, rows = decode_json(read_bytes(path), found, read_letters)
        except ValueError as error:
            raise ValueError(f"{path} is not of a study ({error}); delete it") from None
        if about != self.about:
            raise ValueError(
                f"{path} is of {about}, and this run wants {self.about};"
                " choose another --out, or delete it"
            )
        return rows


def _is_done(group: SeedGroup, results: Results) -> bool:
    return (results.folder / f"{group.name}.json").exists() and group.read(
        results.folder, Any
    ) != []


def _work(group: SeedGroup, scratch: Scratch) -> None:
    began, earlier = time.process_time(), dict[int, dict[int, Any]]()

    def keep(at: int, seed: int, agent: Any) -> None:
        earlier.setdefault(at, {})[seed] = deepcopy(agent)

    tell = partial(scratch.progress, a_second=STEPS_A_SECOND)
    agents, _ = learn(group.run, group.seeds, keep, progress=tell)
    seconds = (time.process_time() - began) / len(group.seeds)
    last = {group.steps: dict(zip(group.seeds, agents, strict=True))}
    rows = [*group.judge(group, TrainedGroup(earlier | last, seconds))]
    path = Path(f"{group.name}.json")
    write_bytes(scratch.folder / path, encode((group.about, rows)))
    scratch.keep(path)


def score_seeds(
    agents: Mapping[int, Policy], trap: Trap, levels: int, prefix: str = ""
) -> dict[int, ScoreCard]:
    """Return seed -> card of agents that are scored together, on so many levels of each split.

    A card has the prefix in its policy's name; chance depends on that name.
    """
    names = {seed: f"{prefix}s{seed}" for seed in agents}
    players = {names[seed]: cache(lambda limit, a=agent: a) for seed, agent in agents.items()}
    cards = score_all(players, trap, levels)
    return {seed: cards[name] for seed, name in names.items()}


def run_groups(
    name: str,
    about: str | None,
    levels: int,
    parts: Mapping[str, Sequence[SeedGroup]],
    finish: Callable[[dict[str, list[SeedGroup]], argparse.Namespace], None],
    given: Sequence[str] | None,
) -> int:
    """Run the command of a study: 0 done, 1 the work failed, 2 bad usage, 130 interrupted.

    Args:
        name: of the study, whose folder is ``runs/NAME`` unless another is named.
        about: what it does, for people.
        levels: on which agents are scored, of each split, by default.
        parts: the parts of the study, which can be run alone.
        finish: shows the groups of the parts that were chosen, once all of them are judged.
        given: the command line; None for the process's own.
    """
    parser = make_runner_parser(name, about, Path("runs", name), levels)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"(all) {', '.join(parts)}")
    parser.add_argument("--seeds", type=count, help="at most so many agents of each row")
    options = parser.parse_args(given)
    chosen: dict[str, list[SeedGroup]] = {}

    def units() -> list[Unit]:
        require_figure()  # what is missing must show before the work
        for part in options.parts or parts:
            if part not in parts:
                raise unknown("part", part, parts)
            chosen[part] = [
                replace(group, seeds=group.seeds[: options.seeds], levels=options.levels)
                for group in parts[part]
            ]
            if options.page:
                around(options.page, chosen[part][0].study)
        return [group.unit() for groups in chosen.values() for group in groups]

    def show_all() -> int:
        finish(chosen, options)
        return DONE

    return run_units(name, options, units, show_all)


def format_mean(values: Sequence[float], limits: tuple[float, float] = (-inf, inf)) -> str:
    """Return the mean over seeds with its 95% interval over them, for these levels."""
    if len(values) < 2:
        return f"{values[0]:.3f}" if values else "–"
    low, high = interval(mean_over_traps, values, limits=limits)
    return f"{np.mean(values):.3f} [{low:.3f}, {high:.3f}]"


def require_figure() -> Any:
    """Return matplotlib's ``Figure``; ImportError, which names the extra, where it is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise missing_extra("matplotlib", "leaderboard") from None
    return Figure


def save_figure(figure: Any, path: Path) -> None:
    """Write a picture as PNG, whole or not at all."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    write_bytes(path, picture.getvalue())
