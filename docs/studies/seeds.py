"""Agents that differ in their seed alone: trained if they are not there, and scored together.

They lie under ``runs/studies``, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agents.run import Run
from agents.train import train_many
from docs.studies.page_tables import make_parser, split_page
from mesa_gym.command import DONE, run_command
from mesa_gym.errors import unknown
from mesa_gym.files import read_json, write_json
from mesa_gym.policies import POLICY_FILE, Policy
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.terminal import Progress
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import Trap

OUT = Path("runs/studies")
SECONDS = "cpu_seconds.json"  # in an agent's folder, written last


class SeedGroup(NamedTuple):
    """Agents that differ in their seed alone.

    Attributes:
        setting: what tells them from other groups of the study: name -> value.
        run: their training.
        seeds: of the agents.
    """

    setting: dict[str, Any]
    run: Run
    seeds: range

    @property
    def trap(self) -> Trap:
        """The trap of the last stage, on which they are scored."""
        return self.run.environment().trap

    @property
    def steps(self) -> int:
        """The environment steps of each agent."""
        return sum(part.steps for part in self.run.parts())

    def find_folder(self, seed: int) -> Path:
        """Return where an agent lies; two trainings of one name differ in their steps alone."""
        name = self.run.name.removesuffix(f"-s{self.run.seed}")
        return OUT / self.trap.name() / f"{name}-steps{self.steps}-s{seed}"

    def load(self) -> dict[int, dict[int, Any]]:
        """Return steps -> seed -> agent, of checkpoints too; those that are missing are trained.

        Raises:
            ValueError: one that is there was trained in another way.
        """
        from agents.saving import CHECKPOINTS, save
        from mesa_gym.trained.loading import load

        folders = {seed: self.find_folder(seed) for seed in self.seeds}
        missing = [seed for seed, folder in folders.items() if not (folder / SECONDS).exists()]
        if missing:
            began, title = time.process_time(), f"train {folders[missing[0]].name} and others"
            with Progress(title, self.steps * len(missing), "steps") as advance:
                trained = train_many(self.run, missing, advance)
            seconds = (time.process_time() - began) / len(missing)
            for seed, agent in zip(missing, trained, strict=True):
                save(folders[seed], agent)
                write_json(folders[seed] / SECONDS, seconds)
        agents: dict[int, dict[int, Any]] = {}
        for seed, folder in folders.items():
            for path in (folder / CHECKPOINTS).glob("*"):
                agents.setdefault(int(path.name), {})[seed] = load(path, self.trap)
            said = AgentRecord.load(folder / POLICY_FILE).command
            if said != (wanted := replace(self.run, seed=seed).command()):
                raise ValueError(f"{folder} was trained by {said}; expected {wanted}: delete it")
            agents.setdefault(self.steps, {})[seed] = load(folder, self.trap)
        return dict(sorted(agents.items()))

    def read_seconds(self, seed: int) -> float:
        """Return the seconds of the processor that an agent's training took."""
        return float(read_json(self.find_folder(seed) / SECONDS))


def group_by_setting(rows: Sequence[Any]) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Yield each ``setting`` of some rows with the rows of its seeds, in order."""
    for setting in list({str(row.setting): row.setting for row in rows}.values()):
        yield setting, [row for row in rows if row.setting == setting]


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


def run_parts(
    name: str,
    about: str | None,
    levels: int,
    parts: Mapping[str, Sequence[SeedGroup]],
    show_parts: Callable[[dict[str, list[SeedGroup]], argparse.Namespace], None],
    given: Sequence[str] | None,
    place: str = "",
) -> int:
    """Run a script on the parts that are named: 0 done, 1 failed, 2 bad usage, 130 interrupted.

    Args:
        name: of the script.
        about: what it does, for people.
        levels: on which agents are scored, of each split, by default.
        parts: the parts of the study.
        show_parts: trains, scores and shows the groups of those that were named, or of all.
        given: the command line; None for the process's own.
        place: in the page, of the table of all parts; "" where each part has a table and a place.
    """
    parser = make_parser(name, about)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"(all) {', '.join(parts)}")
    parser.add_argument("--seeds", type=int, help="at most so many agents of each row")
    parser.add_argument("--levels", type=int, default=levels, help=f"of each split ({levels})")
    options = parser.parse_args(given)

    def work() -> int:
        chosen: dict[str, list[SeedGroup]] = {}
        for part in options.parts or parts:
            if part not in parts:
                raise unknown("part", part, parts)
            chosen[part] = [g._replace(seeds=g.seeds[: options.seeds]) for g in parts[part]]
            if options.page:
                split_page(options.page, place or part)  # its marks must be there before the work
        show_parts(chosen, options)
        return DONE

    return run_command(name, work, f"agents are kept in {OUT}, and the same command goes on")
