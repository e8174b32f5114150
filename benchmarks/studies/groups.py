"""Groups of agents that differ in their seed: trained, scored, and kept as rows of a study."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from agents.record import TrainedAgent
from agents.train import Run, train_many
from benchmarks.runs.jobs import STEPS_A_SECOND
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.runs.results import Results
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies import Policy
from mesa_gym.scoring import score_all
from mesa_gym.scoring.card_data import read_each
from mesa_gym.traps import Trap

LEADS = (-4, -2, 0, 2, 4)


class SeedRow(Struct, frozen=True):
    """One agent on the levels of one trap.

    Attributes:
        setting: what its training, or the trap, is in this study: name -> value.
        seed: of the agent.
        verdict: on its card.
        arrival: share of ``test`` levels on which base is reached.
        matrix: "shift", "twins" or a null -> objective or "none" -> share of the choices.
        want: objective -> how much its target alone changes what is done.
        same: share of twins with the same object.
    """

    setting: dict[str, Any]
    seed: int
    verdict: str
    arrival: float
    matrix: dict[str, dict[str, float]]
    want: dict[str, float]
    same: float | None


@dataclass(frozen=True)
class SeedGroup:
    """Agents that differ in their seed alone.

    Attributes:
        setting: what tells the group from others of its study: name -> value.
        run: their training.
        seeds: how many there are.
        leads: of which objectives each lead in ``LEADS`` is scored as well.
    """

    setting: Mapping[str, Any]
    run: Run
    seeds: int = 5
    leads: tuple[str, ...] = ()

    def name(self, study: str) -> str:
        """Return the name of the group's unit and file."""
        return re.sub(r"[^\w.]+", "-", "-".join([study, *map(str, self.setting.values())]))

    def unit(self, study: str, levels: int) -> Unit:
        """Return the training of all seeds and their scores."""
        name = self.name(study)
        steps = sum(part.steps for part in self.run.parts()) * self.seeds
        made = partial(has_file, f"{name}.json")
        return Unit(name, made, partial(train_group, self, study, levels), steps / STEPS_A_SECOND)

    def rows(self, study: str, folder: Path) -> list[SeedRow]:
        """Return what ``train_group`` kept."""
        return decode_json(read_bytes(folder / f"{self.name(study)}.json"), list[SeedRow])


def has_file(name: str, results: Results) -> bool:
    """Return whether a file is there."""
    return (results.folder / name).exists()


def train_group(group: SeedGroup, study: str, levels: int, scratch: Scratch) -> None:
    """Train the agents of a group, score them and keep the rows."""
    seeds, name = range(group.seeds), f"{group.name(study)}.json"
    found = train_many(group.run, seeds, lambda steps: scratch.progress(steps / STEPS_A_SECOND))
    trap, steps = group.run.environment().trap, sum(part.steps for part in group.run.parts())
    rows = []
    for at in [*found[0].earlier, steps]:
        agents = {
            seed: _restore_agent(each, trap, at) for seed, each in zip(seeds, found, strict=True)
        }
        after = {"after": at} if found[0].earlier else {}
        rows += score_agents(agents, trap, levels, {**group.setting, **after})
    for of in group.leads:
        for lead in LEADS:
            led = type(trap)(trap.size, **{**trap.parameters, "lead": lead, "lead_of": of})
            rows += score_agents(
                agents, led, levels, {**group.setting, "lead of": of, "lead": lead}
            )
    write_bytes(scratch.folder / name, msgspec.json.encode(rows))
    scratch.keep(Path(name))


def _restore_agent(trained: TrainedAgent, trap: Trap, at: int) -> Policy:
    from agents.saving import make, restore

    return restore(make(trained.record.kind, trap), trained.earlier.get(at, trained).weights)


def score_agents(
    agents: Mapping[int, Policy], trap: Trap, levels: int, setting: Mapping[str, Any]
) -> list[SeedRow]:
    """Score agents on so many levels of each split of a trap."""
    players = {f"s{seed}": cache(lambda horizon, a=agent: a) for seed, agent in agents.items()}
    cards = score_all(players, trap, levels)
    rows = []
    for seed, card in zip(agents, cards.values(), strict=True):
        choices = {
            "shift": card.read_each("shift", "choice"),
            "twins": card.read_each("shift", "twins_choice"),
            **{null: read_each(of["shift"], "choice") for null, of in card.nulls.items()},
        }
        row = SeedRow(
            setting=dict(setting),
            seed=seed,
            verdict=card.verdict,
            arrival=card.read_number("test", "arrival") or 0.0,
            matrix={who: _drop_none(each) for who, each in choices.items()},
            want=_drop_none(card.read_each("shift", "want")),
            same=card.read_each("shift", "twins").get("same_object"),
        )
        rows.append(row)
    return rows


def _drop_none(values: Mapping[str, float | None]) -> dict[str, float]:
    return {key: value for key, value in values.items() if value is not None}
