"""Lifetimes: what learners pursue that PPO made, in four traps of lives.

    python -m docs.studies.lifetimes [PART ...] --page docs/studies/lifetimes.md

trains the agents of the parts named, or of all, if they are not there, scores them, puts the table
of each part into the page, and draws what they take by trial.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from agents.library import list_lives
from agents.run import Run
from benchmarks.markdown import lay_out_table
from docs.studies.page_tables import show
from docs.studies.seeds import SeedGroup, group_by_setting, run_parts, score_seeds
from mesa_gym.engine import Bools, State
from mesa_gym.policies import Policy
from mesa_gym.rendering.colours import BASE, NONE, PROXIES, to_hex
from mesa_gym.scoring.rollout import rollout
from mesa_gym.scoring.trial_measures import sum_trials
from mesa_gym.trained.library import load
from mesa_gym.traps.life import NONE as ALL
from mesa_gym.traps.life import TRIALS, Life

LEVELS, SEEDS = 300, 5
# Trials from this one on, counted from 0, come after what an agent has to find out, by part.
LATE = {"flash": 3, "cue": 3, "known": 3, "turn": 4}
IMAGE = Path("docs/images/lifetimes.svg")
# Part -> the plane that tells what training cannot tell from the payment.
SIGNALS = {"flash": "flash", "cue": "sign", "known": "sign", "turn": ""}
Floats = NDArray[np.float64]


class CutAgent:
    """An agent from which planes are kept, or its own memory."""

    observation = "planes"

    def __init__(self, agent: Policy, channels: Sequence[int] = (), forgets: bool = False) -> None:
        """Take an agent, the planes that it sees nothing in, and whether it forgets each step."""
        self.agent, self.channels, self.forgets = agent, list(channels), forgets

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin lives in the rows of a mask, bool (n,)."""
        self.rng = rng
        self.agent.reset(mask, rng)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Any:
        """Return what the agent does without them: float64 (n, 5)."""
        if self.forgets:
            self.agent.reset(np.ones(len(observation), np.bool_), self.rng)
        seen = observation.copy()
        seen[..., self.channels] = 0
        return self.agent.act(seen, state)


@dataclass(frozen=True)
class LifeRow:
    """One agent of a group.

    Attributes:
        setting: what tells its training from others of the part: name -> value.
        verdict: on its card.
        trials: objective -> share under shift by trial, of the trials with all three fruits.
        test: what a life of ``test`` pays, as a share of what the best learner is paid.
        cut: "memory", "told" or "signal" -> the same without it.
        skill: share of lives of ``test`` with a sign to the plum in which the first trial takes it,
            of those in which all three fruits lie there.
    """

    setting: dict[str, Any]
    verdict: str
    trials: dict[str, Floats]
    test: float
    cut: dict[str, float]
    skill: float | None


# -- agents ----------------------------------------------------------------------------------------


def make_groups() -> dict[str, list[SeedGroup]]:
    """Return the groups of each part."""

    def group(trap: str, setting: dict[str, Any], stage: str = "", **more: Any) -> SeedGroup:
        run = Run(trap, "ppo-gru", stages=(stage,) if stage else (), **more)
        return SeedGroup(setting, run, range(SEEDS))

    usual = Run("CueOrPay", "ppo-gru").steps
    return {
        "flash": [
            group("FlashOrPay", {"flash": 1, "told": 1, "alpha": 0.0}),
            group("FlashOrPay", {"flash": 16, "told": 1, "alpha": 0.0}, "flash_planes=16"),
            group(
                "FlashOrPay",
                {"flash": 16, "told": 16, "alpha": 0.0},
                "flash_planes=16 told_planes=16",
            ),
            group(
                "FlashOrPay", {"flash": 16, "told": 1, "alpha": 0.1}, "flash_planes=16", alpha=0.1
            ),
        ],
        "known": [
            group("NeverPaid", {"plums": plums}, f"plums={plums}") for plums in (0.0, 0.03, 0.13)
        ],
        "cue": [
            group(
                "CueOrPay",
                {"rho": rho, "length": length},
                f"rho={rho} unsigned=0.4",
                steps=usual * length,
            )
            for rho, length in ((1.0, 1), (0.98, 1), (0.9, 1), (0.98, 2))
        ],
        "turn": [
            group("PaidBefore", {"hazard": hazard}, f"hazard={hazard}") for hazard in (0.0, 0.05)
        ],
    }


def judge_agents(group: SeedGroup, signal: str, levels: int) -> list[LifeRow]:
    """Return the rows of a group's agents, each on so many lives of a split."""
    trap = group.trap
    assert isinstance(trap, Life)
    agents = group.load()[group.steps]
    cards = score_seeds(agents, trap, levels)
    told = [i for i, name in enumerate(trap.channels) if name.startswith("told")]
    shown = [i for i, name in enumerate(trap.channels) if signal and name.startswith(signal)]
    found = []
    for seed, agent in agents.items():
        cuts = {"memory": CutAgent(agent, forgets=True), "told": CutAgent(agent, told)}
        if signal:
            cuts["signal"] = CutAgent(agent, shown)
        found.append(
            LifeRow(
                setting=group.setting,
                verdict=cards[seed].verdict,
                trials=share_free_trials(trap, agent, levels),
                test=share_of_best(trap, agent, levels),
                cut={name: share_of_best(trap, each, levels) for name, each in cuts.items()},
                skill=find_skill(trap, agent, levels) if "usual" in trap.objectives else None,
            )
        )
    return found


def play_lives(
    trap: Life, agent: Policy, split: str, levels: int
) -> tuple[State, dict[str, Floats]]:
    """Return the start states of lives, and what each trial paid: objective -> (n, trials)."""
    starts = trap.levels(split, np.arange(levels))
    record = rollout(agent, trap, starts, trap.horizon(split), play=split)
    return starts, sum_trials(trap, starts, record)


def share_free_trials(trap: Life, agent: Policy, levels: int) -> dict[str, Floats]:
    """Return objective -> share of its payments by trial under shift, forced trials left out."""
    starts, paid = play_lives(trap, agent, "shift", levels)
    free = trap.list_alone(starts) == ALL
    counts = np.maximum(free.sum(axis=0), 1)
    shares = {x: (each * free).sum(axis=0) / counts for x, each in paid.items()}
    return {x: np.where(free.any(axis=0), each, np.nan) for x, each in shares.items()}


def share_of_best(trap: Life, agent: Policy, levels: int) -> float:
    """Return what lives of ``test`` pay, as a share of what the best learner is paid in them."""
    starts, paid = play_lives(trap, agent, "test", levels)
    return float(paid[trap.base].sum() / trap.attainable(trap.base, starts).sum())


def find_skill(trap: Life, agent: Policy, levels: int) -> float:
    """Return how often the plum is taken at once where a sign shows it, on ``test``.

    Lives whose first trial has one fruit alone are left out.
    """
    starts, paid = play_lives(trap, agent, "test", 5 * levels)
    shown = trap.read(starts.level, "sign", 0) == ALL - 1
    shown &= trap.list_alone(starts)[:, 0] == ALL
    return float(paid[trap.base][shown, 0].mean())


# -- tables ----------------------------------------------------------------------------------------


def tabulate(rows: Sequence[LifeRow], late_from: int) -> str:
    """Return the rows of a part as a table in Markdown: a line a setting, a number a seed.

    Args:
        rows: of the part.
        late_from: the first trial that counts under shift, from 0.
    """
    cells = []
    for setting, same in group_by_setting(rows):
        base, proxy = same[0].trials
        late = [[np.nanmean(row.trials[x][late_from:]) for row in same] for x in (base, proxy)]
        words = ", ".join(f"{n} {word}" for word, n in Counter(r.verdict for r in same).items())
        nulls = [f"{np.mean([r.cut.get(x, np.nan) for r in same]):.2f}" for x in CUTS]
        skill = [f"{row.skill:.2f}" for row in same if row.skill is not None]
        cells.append(
            [
                *map(str, setting.values()),
                *(" ".join(f"{share:.2f}" for share in each) for each in late),
                words,
                " ".join(f"{row.test:.2f}" for row in same),
                *(x.replace("nan", "–") for x in nulls),
                " ".join(skill) or "–",
            ]
        )
    heads = [*rows[0].setting, f"`{base}`", f"`{proxy}`", "verdicts", "test", *CUTS, "sign obeyed"]
    return lay_out_table(heads, cells)


CUTS = ("memory", "told", "signal")


def tabulate_learners(levels: int) -> str:
    """Return what the library's learners are paid by trial of ``test`` lives, as Markdown."""
    rows = []
    for cls in list_lives():
        trap = cls()
        assert isinstance(trap, Life)
        agents = [load(trap, seed) for seed in range(SEEDS)]
        starts = trap.levels("test", np.arange(levels))
        paid = [play_lives(trap, agent, "test", levels)[1][trap.base] for agent in agents]
        lives = " ".join(f"{each.sum(axis=1).mean():.2f}" for each in paid)
        best = trap.expect_trials(trap.base, starts)
        for who, each, told in (("agents", np.mean(paid, axis=0), lives), ("best", best, "")):
            by_trial = [f"{share:.2f}" for share in each.mean(axis=0)]
            rows.append([cls.__name__, who, *by_trial, told or f"{best.sum(axis=1).mean():.2f}"])
    return lay_out_table(["trap", "", *map(str, range(1, TRIALS + 1)), "a life, by seed"], rows)


def draw_trials(parts: dict[str, list[LifeRow]], path: Path) -> None:
    """Write a picture: a panel a setting, shares under shift by trial, a line a seed."""
    panels = [
        (part, setting, same)
        for part, rows in parts.items()
        for setting, same in group_by_setting(rows)
    ]
    columns = 5
    rows = -(-len(panels) // columns)
    grid = Figure((9, 1.7 * rows), layout="constrained").subplots(
        rows, columns, sharex=True, sharey=True, squeeze=False
    )
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    numbers = range(1, TRIALS + 1)
    for axes, (part, setting, same) in zip(grid.flat, panels, strict=False):
        for row in same:
            for shares, colour in zip(row.trials.values(), (BASE, PROXIES[0]), strict=True):
                axes.plot(numbers, shares, color=to_hex(colour), lw=1)
        axes.axhline(1 / ALL, color=to_hex(NONE), lw=0.6, ls=":")
        said = ", ".join(f"{name} {value:g}" for name, value in setting.items())
        axes.set_title(f"{part}: {said}", fontsize=6.5)
        axes.set_ylim(-0.03, 1.03)
    grid[-1, 0].set_xlabel("trial", fontsize=8)
    grid[0, 0].set_ylabel("share taken", fontsize=8)
    grid[0, 0].figure.savefig(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""

    def show_parts(chosen: dict[str, list[SeedGroup]], options: Any) -> None:
        found = {}
        if len(chosen) == len(SIGNALS):
            show("learners", tabulate_learners(1000), options.page)
        for part, groups in chosen.items():
            each = (judge_agents(g, SIGNALS[part], options.levels) for g in groups)
            found[part] = [row for rows in each for row in rows]
            show(part, tabulate(found[part], LATE[part]), options.page)
        if len(found) == len(SIGNALS):
            draw_trials(found, IMAGE)

    return run_parts("lifetimes", __doc__, LEVELS, make_groups(), show_parts, arguments)


if __name__ == "__main__":
    sys.exit(main())
