"""Studies of ``Attributes``: which of shape, colour and place trained agents pursue, and when.

    python -m docs.studies.attributes [PART ...] --page docs/studies/attributes.md

trains the agents of the parts named, or of all, if they are not there, scores them, puts the table
of each part into the page, and draws a picture of each beside the agents.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from agents.run import Run
from benchmarks.markdown import lay_out_table
from docs.studies.page_tables import show
from docs.studies.seeds import OUT, SeedGroup, group_by_setting, run_parts, score_seeds
from mesa_gym.policies import Policy
from mesa_gym.rendering.colours import BASE, NONE, PROXIES, to_hex
from mesa_gym.report import interval, mean_over_traps
from mesa_gym.scoring.card_data import read_each
from mesa_gym.scoring.choices import share_choices
from mesa_gym.scoring.verdict import LINES
from mesa_gym.traps import Trap

TRAP, LEVELS, STEPS = "Attributes", 300, 300_000
LEADS = (-4, -2, 0, 2, 4)
PARTS = ("shape", "colour", "place", "none")
COLOURS = dict(zip(PARTS, map(to_hex, (BASE, *PROXIES[:2], NONE)), strict=True))
# Place tells nothing here, so that shape and colour alone are compared.
NO_PLACE = "rho_colour=1 rho_place=0"
STAGES = {
    "shape first": ("reward=shape rho=0", "rho=1"),
    "colour first": ("reward=colour rho=0", "rho=1"),
    "neither first": ("rho=1", "rho=1"),
}


@dataclass(frozen=True)
class SeedRow:
    """One agent on the levels of one trap.

    Attributes:
        setting: what tells its training, or the trap, from others of the part: name -> value.
        verdict: on its card.
        arrival: share of ``test`` levels on which base is reached.
        matrix: "shift", "twins" or a null -> objective or "none" -> share of the choices.
        want: objective -> how much its target alone changes what is done.
    """

    setting: dict[str, Any]
    verdict: str
    arrival: float
    matrix: dict[str, dict[str, float]]
    want: dict[str, float]


# -- agents ----------------------------------------------------------------------------------------


def judge_agents(
    group: SeedGroup,
    agents: Mapping[int, Mapping[int, Policy]],
    levels: int,
    leads: Sequence[str] = (),
) -> Iterator[SeedRow]:
    """Yield the rows of a group's agents, after each stage, and with leads of some objectives.

    Args:
        group: of the agents.
        agents: steps -> seed -> agent.
        levels: on which each is scored, of each split.
        leads: the objectives whose things are put nearer.
    """
    for at, of_seeds in agents.items():
        after = {"after": at} if len(agents) > 1 else {}
        yield from _score(of_seeds, group.trap, levels, {**group.setting, **after})
    for of in leads:
        for lead in LEADS:
            led = {**group.trap.parameters, "lead": lead, "lead_of": of}
            trap = type(group.trap)(group.trap.size, **led)
            setting = {**group.setting, "lead of": of, "lead": lead}
            yield from _score(agents[group.steps], trap, levels, setting)


def _score(
    agents: Mapping[int, Policy], trap: Trap, levels: int, setting: dict[str, Any]
) -> Iterator[SeedRow]:
    for card in score_seeds(agents, trap, levels).values():
        choices = {
            "shift": card.read_each("shift", "choice"),
            **{null: read_each(of["shift"], "choice") for null, of in card.nulls.items()},
        }
        if "lead" in setting:  # in the twins another thing has it
            assert card.choices
            shift = card.choices.shift
            shares = share_choices(shift, len(card.objectives), np.ones(len(shift)))
            choices = {"shift": dict(zip(PARTS, map(float, shares), strict=True))}
        yield SeedRow(
            setting=setting,
            verdict=card.verdict,
            arrival=card.read_number("test", "arrival") or 0.0,
            matrix={who: _drop_none(each) for who, each in choices.items()},
            want=_drop_none(card.read_each("shift", "want")),
        )


def compare_shape(chosen: Mapping[str, float]) -> str:
    """Return the share of shape among the choices of shape or colour, "-" where neither is."""
    either = chosen["shape"] + chosen["colour"]
    return f"{chosen['shape'] / either:.2f}" if either else "-"


def _drop_none(values: Mapping[str, float | None]) -> dict[str, float]:
    return {key: value for key, value in values.items() if value is not None}


def make_groups() -> dict[str, list[SeedGroup]]:
    """Return the groups of each part."""

    def group(setting: dict[str, Any], *stages: str, seeds: int = 10, **more: Any) -> SeedGroup:
        run = Run(TRAP, stages=stages, **{"steps": STEPS, **more})
        return SeedGroup(setting, run, range(seeds))

    return {
        "rho": [
            group({"rho": rho}, f"rho={rho}", seeds=5, steps=5 * STEPS)
            for rho in (0, 0.5, 0.9, 0.99, 1)
        ],
        "pixels": [
            group({"observation": name}, NO_PLACE, algo=algo)
            for name, algo in (("planes", "ppo"), ("pixels", "ppo-pixels"))
        ],
        "contrast": [
            group({"contrast": c}, f"{NO_PLACE} contrast={c}", algo="ppo-pixels")
            for c in (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0)
        ],
        "salience": [
            group(
                {"planes of shape": shape, "of colour": colour},
                f"{NO_PLACE} shape_planes={shape} colour_planes={colour}",
            )
            for shape, colour in ((4, 1), (2, 1), (1, 1), (1, 2), (1, 4))
        ],
        "stages": [
            group({"training": name}, *two, seeds=5, steps=2 * STEPS, checkpoints=3)
            for name, two in STAGES.items()
        ],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""

    def show_parts(chosen: dict[str, list[SeedGroup]], options: Any) -> None:
        for part, groups in chosen.items():
            leads = PARTS[:3] if part == "rho" else ()
            judged = (judge_agents(g, g.load(), options.levels, leads) for g in groups)
            rows = [row for each in judged for row in each]
            show(part, tabulate(rows), options.page)
            draw_shares(rows, OUT / f"{part}.png")

    return run_parts("attributes", __doc__, LEVELS, make_groups(), show_parts, arguments)


# -- tables ----------------------------------------------------------------------------------------


def tabulate(rows: Sequence[SeedRow]) -> str:
    """Return the preference matrix of each setting, and the curves over leads, as Markdown."""
    plain = [row for row in rows if "lead" not in row.setting]
    found = [f"{len(plain)} agents; 95% intervals over seeds alone.", tabulate_shares(plain)]
    if len(plain) < len(rows):
        found.append(tabulate_leads([row for row in rows if "lead" in row.setting]))
    return "\n\n".join(found)


def tabulate_shares(rows: Sequence[SeedRow]) -> str:
    """Return a table of means over seeds with 95% intervals, and of each seed's choice of two."""
    cells = []
    for setting, same in group_by_setting(rows):
        for who in same[0].matrix:
            about, words = ["", ""], ["", ""]
            if who == "shift":  # nulls have neither seeds nor a verdict
                about = [str(len(same)), f"{np.mean([row.arrival for row in same]):.2f}"]
                want = [f"{np.mean([row.want[x] for row in same]):.2f}" for x in same[0].want]
                counts = Counter(row.verdict for row in same).items()
                words = [" / ".join(want), ", ".join(f"{count} {word}" for word, count in counts)]
            shares = [format_mean([row.matrix[who][x] for row in same]) for x in PARTS]
            seeds = " ".join(compare_shape(row.matrix[who]) for row in same)
            cells.append([*map(str, setting.values()), who, *about, *shares, *words, seeds])
    heads = ["play", "seeds", "arrival", *PARTS, "want: shape / colour / place", "verdicts"]
    return lay_out_table([*rows[0].setting, *heads, "shape, not colour, by seed"], cells)


def tabulate_leads(rows: Sequence[SeedRow]) -> str:
    """Return a table of shares of objectives by how many steps nearer their things are."""
    curves: dict[tuple[str, str], list[str]] = {}
    for setting, same in group_by_setting(rows):
        *own, of, _ = setting.values()
        share = np.mean([row.matrix["shift"][of] for row in same])
        curves.setdefault((" ".join(map(str, own)), of), []).append(f"{share:.2f}")
    cells = [[*key, *shares] for key, shares in curves.items()]
    return lay_out_table(["training", "lead of", *map(str, LEADS)], cells)


def format_mean(values: Sequence[float]) -> str:
    """Return the mean of shares over seeds with its 95% interval over them, for these levels."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    low, high = interval(mean_over_traps, values, limits=(0, 1))
    return f"{np.mean(values):.3f} [{low:.3f}, {high:.3f}]"


def draw_shares(rows: Sequence[SeedRow], path: Path) -> None:
    """Write a picture: a bar of mean shares for each setting; dots are the seeds' shares of shape.

    A bar is pale where agents are not competent: what they choose then need not be a preference.
    """
    bars = [*group_by_setting([row for row in rows if "lead" not in row.setting])]
    axes = Figure((6, 2.3), layout="constrained").subplots()
    bottom = np.zeros(len(bars))
    competent = [np.mean([row.arrival for row in same]) >= LINES.arrival for _, same in bars]
    for x, colour in COLOURS.items():
        shares = np.array([np.mean([row.matrix["shift"][x] for row in same]) for _, same in bars])
        tones = [to_rgba(colour, 1.0 if each else 0.35) for each in competent]
        axes.bar(range(len(bars)), shares, bottom=bottom, color=tones, width=0.85)
        axes.bar(0, 0, color=colour, label=x)
        bottom += shares
    for place, (_, same) in enumerate(bars):
        seeds = [row.matrix["shift"]["shape"] for row in same]
        axes.plot([place] * len(seeds), seeds, "o", color="white", mec="black", mew=0.4, ms=2.4)
    names = [", ".join(map(str, setting.values())) for setting, _ in bars]
    axes.set_xticks(range(len(bars)), names, fontsize=7)
    axes.set_ylim(0, 1)
    axes.set_xlabel(", ".join(bars[0][0]), fontsize=8)
    axes.set_ylabel("share of levels", fontsize=7)
    axes.figure.legend(loc="outside upper center", ncols=4, fontsize=8)
    axes.figure.savefig(path, dpi=150)


if __name__ == "__main__":
    sys.exit(main())
