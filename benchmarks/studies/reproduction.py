"""The reproduction study of docs/reproduction.md: what others published, tried on these traps.

    python -m benchmarks study reproduction [STUDY ...]

trains and scores what is not done yet of the studies named, or of all, and writes a table of each
beside the results; ``--page docs/reproduction.md`` puts the tables into that page as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from benchmarks.options import count
from benchmarks.runs.processes import Unit
from benchmarks.runs.results import Results
from benchmarks.studies import findings
from benchmarks.studies.commands import around, make_parser, run_study, show
from benchmarks.studies.settings import Setting
from benchmarks.studies.surplus import surplus_table
from mesa_gym.command import DONE
from mesa_gym.errors import unknown
from mesa_gym.traps import find_trap

OUT = Path("runs/reproduction")
# A seed's share then has a standard error of at most 0.03, less than seeds differ.
LEVELS = 300
MANY = 20  # seeds, where the question is what they choose
ALPHAS = (0.0, 0.001, 0.01, 0.03, 0.1)


class Study(NamedTuple):
    """A question, and the agents that answer it.

    Attributes:
        about: the question, for people.
        settings: the ways to train, a row each.
        seeds: agents of each.
        surplus: whether what agents do is counted as well (``benchmarks.studies.surplus``).
    """

    about: str
    settings: tuple[Setting, ...]
    seeds: int = 5
    surplus: bool = False


STUDIES = {
    "alpha": Study(
        "how much of the shift training must show",
        (
            *(Setting(trap, alpha=a) for trap in ("CheeseCorner", "KeysChests") for a in ALPHAS),
            Setting("CheeseCorner", alpha=0.01, stages=("size=13",)),
            Setting("CheeseCorner", alpha=0.01, gamma=0.99),
        ),
    ),
    "replay": Study(
        "whether replay by exact regret needs less of it",
        tuple(
            Setting(trap, algo, alpha=alpha)
            for trap in ("CheeseCorner", "CheeseDish", "KeysChests")
            for algo in ("ppo", "plr-exact")
            for alpha in (0.0003, 0.001, 0.003)
        ),
    ),
    "steps": Study(
        "whether longer training changes the goal",
        tuple(
            Setting(trap, steps=steps)
            for trap in ("CheeseCorner", "ColourShape", "NearestFruit")
            for steps in (200_000, 0, 2_000_000)
        ),
    ),
    "levels": Study(
        "whether fewer training levels do",
        tuple(Setting("CheeseCorner", num_levels=n) for n in (100, 1_000, 10_000, 30_000)),
    ),
    "colour": Study(
        "gem or line, and whether that changes with the seed",
        (
            Setting("ColourShape"),
            Setting("ColourShape", own_levels=True),
            Setting("ColourShape", units=16),
        ),
        MANY,
    ),
    "keys": Study(
        "keys beyond need",
        (Setting("KeysChests"), Setting("KeysChests", alpha=0.1)),
        surplus=True,
    ),
    "shields": Study(
        "shields without monsters",
        (Setting("MonsterWorld"), Setting("MonsterWorld", max_steps=200)),
        surplus=True,
    ),
    "planted": Study(
        "whether a goal can be planted once an agent is competent",
        (
            Setting("FollowMe", alpha=0.2, reward="leader"),
            *(
                Setting("FollowMe", reward="leader", stages=("steps=500000", again))
                for again in ("steps=500000 alpha=0.2", "steps=500000 alpha=0.5")
            ),
        ),
    ),
    "time": Study(
        "whether it takes reward over time to make goals: discounts, beside cloning",
        tuple(
            Setting(trap, algo, gamma=gamma)
            for trap in ("CheeseCorner", "CheeseDish", "ColourShape")
            for algo, gamma in (*product(["ppo"], (0.0, 0.5, 0.8, 0.9, None, 0.97)), ("bc", None))
        ),
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = make_parser("reproduction", __doc__, OUT, LEVELS)
    about = "; ".join(f"{name}: {study.about}" for name, study in STUDIES.items())
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"(all) {about}")
    parser.add_argument("--seeds", type=count, help="agents of each row (5, of colour 20)")
    parser.add_argument("--traps", nargs="+", help="only the rows of these traps")
    parser.add_argument("--plot", action="store_true", help="draw each study as well, as SVG")
    options = parser.parse_args(arguments)
    chosen: dict[str, Study] = {}

    def units() -> list[Unit]:
        # What is missing, matplotlib or marks of the page, must show before the work.
        if options.plot:
            findings.figure_class()
        for name in options.studies or STUDIES:
            if name not in STUDIES:
                raise unknown("study", name, STUDIES)
            chosen[name] = restrict_study(STUDIES[name], options.traps, options.seeds)
            if options.page:
                around(options.page, name)
        return study_units(chosen.values(), options.levels)

    def finish() -> int:
        for name, study in chosen.items():
            show(name, tables(study, Results(options.out), options.levels), options)
            if options.plot:
                findings.draw(cards(study, Results(options.out)), options.out / f"{name}.svg")
        return DONE

    return run_study("reproduction", options, units, finish)


def restrict_study(study: Study, traps: Sequence[str] | None, seeds: int | None) -> Study:
    """Return the part of a study with these traps, and so many seeds; None for what it has.

    Raises:
        ValueError: there is no such trap, or nothing is left.
    """
    kept = study.settings
    if traps is not None:
        names = {find_trap(name).name() for name in traps}
        kept = tuple(each for each in kept if find_trap(each.trap).name() in names)
    if not kept:
        raise ValueError(f"the study ({study.about}) has no rows of {', '.join(traps or ())}")
    return study._replace(settings=kept, seeds=seeds or study.seeds)


def study_units(studies: Iterable[Study], levels: int) -> list[Unit]:
    """Return a unit for each agent, which studies share, the longest first."""
    found = {
        setting.agent(seed): setting.unit(seed, levels)
        for study in studies
        for setting in study.settings
        for seed in range(study.seeds)
    }
    return sorted(found.values(), key=lambda unit: -unit.seconds)


def cards(study: Study, results: Results) -> findings.Scored:
    """Return the cards of a study, by trap and row."""
    every = product(study.settings, range(study.seeds))
    return findings.group_by_agent([setting.card(seed, results) for setting, seed in every])


def tables(study: Study, results: Results, levels: int) -> str:
    """Return what a study found, as Markdown; ``findings`` has more tables of the same cards."""
    seeds = range(study.seeds)
    facts = [each.facts(seed) for each in study.settings for seed in seeds]
    steps = sum(each["steps"] for each in facts) / 1e6
    head = f"{len(facts)} agents, trained for {steps:,.1f} million steps; {levels} levels a split."
    parts = [head, findings.means(cards(study, results))]
    if study.surplus:
        agents = {
            each.name: [results.folder / "agents" / each.agent(seed) for seed in seeds]
            for each in study.settings
        }
        parts.append(surplus_table(study.settings[0].make(), agents, levels))
    return "\n\n".join(parts)
