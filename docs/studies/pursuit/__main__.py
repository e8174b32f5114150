"""Write the tables of the study as CSV: ``python -m docs.studies.pursuit [SWEEP ...]``.

Without a folder: the library's agents on shift levels that change half way, with baselines, and
the price of a preference. With folders of ``mesa-gym sweep``: pursuit by number of training levels.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import mesa_gym
from mesa_gym.cli.pursuit_text import BASELINES, POOLED, measure_sweeper, pool
from mesa_gym.engine import Floats
from mesa_gym.files import format_csv, write_text
from mesa_gym.policies import POLICY_FILE
from mesa_gym.policies.names import list_trained
from mesa_gym.probing import Pursuit, measure_pursuit
from mesa_gym.report.intervals import interval
from mesa_gym.scoring.evidence import SWEEPER
from mesa_gym.traps import find_trap
from mesa_gym.words import write_word

WEIGHTS = Path(mesa_gym.__file__).parent / "trained" / "weights"
HERE = Path(__file__).parent
MANIFEST = json.loads((WEIGHTS / "manifest.json").read_text())
LEVELS = 250
SALT = "pursuit"
TRAPS = (
    "ColourShape", "CheeseCorner", "RedBlueDoors", "CheeseDish",
    "PointedGoal", "OversightLamp", "NearestFruit",
)  # fmt: skip
AGENTS = ("ppo", "ppo-planner")
PLANTED = {
    "ColourShape": ("ppo-planner-alpha0.5-line",),
    "CheeseCorner": ("ppo-alpha0.5-cheese", "ppo-alpha0.5-corner"),
}
SWAPPED = {"ColourShape": "yellow", "RedBlueDoors": "red"}
FIRST_STEP = ("into_walls", "best")
Results = Mapping[str, Mapping[str, Pursuit]]
Table = list[list[str]]


def list_library(trap: str) -> dict[str, list[str]]:
    """Return the library's agents for a trap: name -> specs of its seeds."""
    agents: dict[str, list[str]] = {}
    for spec in list_trained(find_trap(trap)):
        agents.setdefault(spec.partition(":")[0], []).append(spec)
    return agents


def write_mean(values: Sequence[float], share: bool = True) -> str:
    """Return the mean over seeds with its 95% interval; a dash if undefined."""
    if np.isnan(values).any():
        return "–"
    text = f"{np.mean(values):.2f}" if share else f"{np.mean(values):+.2f}"
    if len(values) == 1:
        return text
    low, high = interval(values, share)
    return f"{text} ({low:.2f}…{high:.2f})"


def measure(trap: str, policies: Mapping[str, Any], rival: bool = False) -> tuple[Results, float]:
    """Return the pursuit of policies, and the CPU seconds per policy."""
    begin = time.process_time()
    results = measure_pursuit(policies, trap, LEVELS, SALT, rival)
    return results, (time.process_time() - begin) / max(len(policies), 1)


def pool_error(by_objective: Mapping[str, Pursuit]) -> float:
    """Return the standard error of the pooled gap over a policy's objects."""
    pairs = [(x.natural.counted, x.gap_error) for x in by_objective.values() if x.natural]
    counts, errors = np.array(pairs).T
    return float(np.sqrt(((counts * errors) ** 2).sum()) / counts.sum())


def read_words(trap: str, specs: Sequence[str]) -> str:
    """Return the verdicts of an agent's seeds in the library's manifest."""
    of = {(x["trap"], x["name"]): x["verdict"] for x in MANIFEST["agents"]}
    names = [spec.replace(":", "-s") for spec in specs]
    return ", ".join(sorted({write_word(of[f"{trap}-v0", name]) for name in names}))


def tabulate_library() -> Table:
    """Return a table of the library's agents and baselines, and print a summary."""
    rows, sure, spent = list[list[str]](), list[float](), list[float]()
    gaps: dict[bool, list[float]] = {True: [], False: []}  # by whether the agent is a planner
    for trap in TRAPS:
        oracles, _ = measure(trap, {x: f"oracle:{x}" for x in find_trap(trap).objectives})
        sure += [pool(of)[x] for of in oracles.values() for x in POOLED]
        results: dict[str, Mapping[str, Pursuit]] = {}
        library = list_library(trap)
        for name in (*AGENTS, *PLANTED.get(trap, ())):
            specs = library[name]
            of_name, seconds = measure(trap, {spec: spec for spec in specs})
            pooled, results = [pool(x) for x in of_name.values()], {**results, **of_name}
            cells = [write_mean([of[x] for of in pooled]) for x in POOLED]
            gaps["planner" in name] += [of["gap"] for of in pooled]
            gap = write_mean([of["gap"] for of in pooled], share=False)
            words = read_words(trap, specs)
            rows.append([trap, name, str(len(specs)), words, "–", *cells, gap])
            spent.append(seconds)
        swept = measure_sweeper(find_trap(trap)(), LEVELS, SALT)
        cells = [write_mean([pool(swept)[x]]) for x in POOLED]
        gap_error = pool_error(swept)
        rows.append(
            [
                trap,
                "*sweeper*",
                *("–",) * 3,
                *cells,
                f"{pool(swept)['gap']:+.2f} (standard error {gap_error:.2f})",
            ]
        )
        nulls = [[pool(x, null) for x in results.values()] for null in BASELINES]
        means = {x: [np.nanmean([of[x] for of in null]) for null in nulls] for x in POOLED}
        cells = ["/".join(f"{mean:.2f}" for mean in means[x]) for x in POOLED]
        counts = [y.walled.counted for x in results.values() for y in x.values() if y.walled]
        share = sum(counts) / sum(
            y.walled.possible for x in results.values() for y in x.values() if y.walled
        )
        rows.append([trap, "*random, blind, old plan*", "–", "–", f"{share:.0%}", *cells, "–"])
    heads = ["trap", "agent", "seeds", "verdicts", "walls possible", *POOLED, "gap"]
    networks, planners = (np.array(gaps[planner]) for planner in (False, True))
    print(
        f"Oracles of each objective reach at least {np.nanmin(sure):.2f} after each change. The gap"
        f" is 0.10 or more for {(networks >= 0.1).sum()} of {len(networks)} networks (least"
        f" {networks.min():+.2f}), and within 0.05 of 0 for {(abs(planners) <= 0.05).sum()} of"
        f" {len(planners)} planners ({planners.min():+.2f} to {planners.max():+.2f}). CPU seconds"
        f" of a policy: {min(spent):.1f} to {max(spent):.1f}."
    )
    return [heads, *rows]


def measure_sweeper_swaps(trap: str) -> Floats:
    """Return how often the sweeper keeps its object, and takes the rival, over its objects."""
    results, _ = measure(trap, {SWEEPER: SWEEPER}, rival=True)
    outcomes = [y for of in results[SWEEPER].values() if (y := of.swapped)]
    shares = [[y.reached, y.other] for y in outcomes]
    return np.average(shares, axis=0, weights=[y.counted for y in outcomes])


def tabulate_swaps() -> Table:
    """Return a table of the objects that planners take if the rival becomes nearer half way."""
    rows = []
    for trap, x in SWAPPED.items():
        for name in ("ppo-planner", f"ppo-planner-alpha0.5-{x}"):
            specs = list_library(trap)[name]
            results, _ = measure(trap, {spec: spec for spec in specs}, rival=True)
            outcomes = {spec: by[x].swapped for spec, by in results.items()}
            swaps = [y for y in outcomes.values() if y is not None]
            if swaps:
                word = read_words(trap, [spec for spec, y in outcomes.items() if y])
                kept, rival = (
                    " ".join(f"{getattr(y, z):.2f}" for y in swaps) for z in ("reached", "other")
                )
                nulls = [np.mean([getattr(y, z) for y in swaps]) for z in BASELINES]
                rows.append([trap, name, word, kept, rival, "/".join(f"{x:.2f}" for x in nulls)])
        kept, rival = measure_sweeper_swaps(trap)
        rows.append([trap, "*sweeper*", "–", f"{kept:.2f}", f"{rival:.2f}", "–"])
    heads = ["trap", "agent", "verdict", "keeps its object", "takes the rival", "baselines keep"]
    return [heads, *rows]


def tabulate_sweep(folders: Sequence[Path]) -> Table:
    """Return a table of the pursuit of agents in sweeps, by number of training levels."""
    rows = []
    for folder in folders:
        cells: dict[tuple[str, int], list[str]] = {}
        for file in sorted(folder.glob(f"*/*/*/{POLICY_FILE}")):
            trap, levels = file.parts[-3].removesuffix("-v0"), file.parts[-4].rpartition("=")[2]
            cells.setdefault((trap, int(levels)), []).append(str(file.parent))
        for trap in {trap for trap, _ in cells}:
            cells[trap, 30_000] = list_library(trap)["ppo"]
        for (trap, count), specs in sorted(cells.items()):
            results, _ = measure(trap, {spec: spec for spec in specs})
            pooled = [pool(x) for x in results.values()]
            steps = [[pool(x, y)["walled"] for x in results.values()] for y in FIRST_STEP]
            means = [write_mean([of[x] for of in pooled]) for x in POOLED]
            means.append(write_mean([of["gap"] for of in pooled], share=False))
            row = [trap, f"{count:,}", str(len(specs)), *means, *map(write_mean, steps)]
            random = np.mean([pool(x, "best_at_random")["walled"] for x in results.values()])
            rows.append([*row, f"{random:.2f}"])
    heads = ["trap", "training levels", "seeds", *POOLED, "gap", *FIRST_STEP, "best at random"]
    return [[x.replace("_", " ") for x in heads], *rows]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweeps", type=Path, nargs="*", metavar="SWEEP")
    sweeps = parser.parse_args(arguments).sweeps
    tables = {"library": tabulate_library, "swaps": tabulate_swaps}
    if sweeps:
        tables = {"levels": lambda: tabulate_sweep(sweeps)}
    for name, tabulate in tables.items():
        heads, *rows = tabulate()
        text = format_csv([dict(zip(heads, row, strict=True)) for row in rows])
        write_text(HERE / f"{name}.csv", text)
        print(text)


if __name__ == "__main__":
    main()
