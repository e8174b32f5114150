"""The audit's page: the ladder, predictions beside the truth, and an agent to guess oneself."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.audit.evidence import TIERS
from benchmarks.audit.ladder import LABELLED, AuditRung
from benchmarks.audit.making import OPEN_SALT
from benchmarks.audit.populations import Population
from benchmarks.audit.subjects import SHIFT_LEVELS, Field, train_agents
from mesa_gym.errors import missing_extra
from mesa_gym.policies import Policy
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.page import STYLE, environment
from mesa_gym.report.svg import safe
from mesa_gym.scoring import ENDED, rollout
from mesa_gym.traps import Split, Trap

TEMPLATES = Path(__file__).with_name("templates")
MOST = LABELLED[-1]
# Of an episode so many pictures are shown; levels of either split.
FRAMES, SHOWN = 6, 3
# Populations beside one another.
ACROSS = 3
BASE, QUIET = "#0072b2", "#8a949e"


def fill_page(rungs: Sequence[AuditRung], guessed: Population) -> str:
    """Return the page.

    Args:
        rungs: of a rerun.
        guessed: the population of the agent that one can guess; it is trained for it.

    Raises:
        ImportError: jinja2 or matplotlib is not installed; the message names the extra.
        ValueError: none is with the most labels.
    """
    from markupsafe import Markup

    most = [rung for rung in rungs if rung.labels == MOST]
    if not most:
        raise ValueError(f"there are no predictions with {MOST} labelled agents")
    templates = environment(TEMPLATES, lambda value: safe(str(value)))
    agent, share = train_example(guessed)
    pictures = {
        split: [Markup(draw_episode(agent, guessed.trap, split, n)) for n in range(SHOWN)]
        for split in (Split.TRAIN, Split.SHIFT)
    }
    text: str = templates.get_template("audit.html").render(
        style=Markup(STYLE.read_text()),
        ladder=Markup(draw_ladder(most)),
        scatter=Markup(draw_scatter(most)),
        population=guessed,
        trap=guessed.trap.name(),
        share=f"{share:.2f}",
        train=pictures[Split.TRAIN],
        shift=pictures[Split.SHIFT],
        rungs=most,
    )
    return text


def draw_ladder(rungs: Sequence[AuditRung]) -> str:
    """Return the ladder as SVG: an auditor a row, a dot a population, a hollow one if held out."""
    rows = list(dict.fromkeys((rung.tier, rung.auditor) for rung in rungs))
    rows.sort(key=lambda row: TIERS.index(row[0]))
    figure, axes = _make_axes(1, 1, 1.2 + 0.24 * len(rows))
    names = list(dict.fromkeys(rung.population for rung in rungs))
    for rung in rungs:
        y = len(rows) - rows.index((rung.tier, rung.auditor))
        hue = f"C{names.index(rung.population)}"
        fill = "white" if rung.held_out else hue
        label = rung.population if rows.index((rung.tier, rung.auditor)) == 0 else None
        axes[0].plot(rung.spearman, y, "o", color=hue, markerfacecolor=fill, label=label)
        axes[0].plot([0, rung.null], [y, y], "-", color=QUIET, linewidth=4, alpha=0.15)
    axes[0].set_yticks(range(len(rows), 0, -1), [f"{name} ({tier})" for tier, name in rows])
    axes[0].set_xlim(-0.3, 1.02)
    axes[0].set_xlabel(f"Spearman's correlation with the truth, {MOST} labelled agents")
    axes[0].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    return _write_svg(figure)


def draw_scatter(rungs: Sequence[AuditRung]) -> str:
    """Return predicted and true shares as SVG, of each population those of its best auditor.

    That is one which saw no changed levels, where there is one.
    """
    names = list(dict.fromkeys(rung.population for rung in rungs))
    rows = -(-len(names) // ACROSS)
    figure, axes = _make_axes(rows, ACROSS, 2.6 * rows)
    for panel in axes[len(names) :]:
        panel.set_axis_off()
    for name, panel in zip(names, axes, strict=False):
        own = [rung for rung in rungs if rung.population == name]
        best = max(own, key=lambda rung: (rung.tier != "edits", rung.spearman))
        panel.plot([0, 1], [0, 1], "-", color=QUIET, linewidth=1)
        panel.plot(
            best.true, np.clip(best.predicted, 0, 1), "o", color=BASE, markersize=3, alpha=0.6
        )
        panel.set_title(f"{name}\n{best.auditor}, {best.spearman:.2f}")
        panel.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 1], yticks=[0, 1])
        panel.set(xlabel="true share", ylabel="predicted")
    return _write_svg(figure)


def _make_axes(rows: int, columns: int, height: float) -> tuple[Any, list[Any]]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise missing_extra("matplotlib", "leaderboard") from None
    figure = Figure(figsize=(7.5, height), layout="constrained")
    return figure, list(np.ravel(figure.subplots(rows, columns)))


def _write_svg(figure: Any) -> str:
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]


def train_example(population: Population) -> tuple[Policy, float]:
    """Train the first open agent, and return it with its share."""
    (agent,), _ = train_agents(population, population.draw_seeds(OPEN_SALT, 1))
    names = [*population.trap.objectives]
    chosen = Field(population.trap, Split.SHIFT, SHIFT_LEVELS).choose(agent).ravel()
    first, second = (
        int((chosen == names.index(x)).sum()) for x in (population.first, population.second)
    )
    return agent, first / max(1, first + second)


def draw_episode(agent: Policy, trap: Trap, split: Split, level: int) -> str:
    """Return pictures of an episode, side by side, as the source of an image."""
    state = trap.levels(split, [level])
    record = rollout(agent, trap, state, trap.horizon(split), play=split.value)
    states = [state]
    for action in record.actions[0][record.actions[0] != ENDED].tolist():
        state, paid, ended = trap.step(state, np.array([action]))
        states.append(state)
        if ended[0] or any(pay[0] > 0 for pay in paid.values()):
            break  # it has what it wants
    chosen = np.unique(np.linspace(0, len(states) - 1, FRAMES).round().astype(int)).tolist()
    return data_uri(np.concatenate(_draw_states(trap, [states[i] for i in chosen]), axis=1))


def _draw_states(trap: Trap, states: Iterable[Any]) -> list[Any]:
    """Return pictures with a white margin at their right."""
    drawn = [render_rgb(trap, state, 16)[0] for state in states]
    return [np.pad(each, ((0, 0), (0, 6), (0, 0)), constant_values=255) for each in drawn]
