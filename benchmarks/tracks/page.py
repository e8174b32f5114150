"""The standings of methods, and their rungs: a table and a picture of curves of either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from math import log2
from pathlib import Path
from typing import NamedTuple

from benchmarks.markdown import pipes
from benchmarks.tracks.record import LABELS
from benchmarks.tracks.scores import ALL, ALL_RUNGS, CELLS, UNTRAINED, MethodScore
from benchmarks.tracks.tasks import FAMILIES, RANKING, RUNGS, SEEDS
from mesa_gym.files import write_text
from mesa_gym.report.leaderboard_page import GENERATOR, require_free
from mesa_gym.report.page import TEMPLATES, environment
from mesa_gym.report.svg import safe
from mesa_gym.terminal import table


class Column(NamedTuple):
    """A column of a table: its head, what it says of a method, and what that means."""

    head: str
    write: Callable[[MethodScore], str]
    meaning: str = ""


def _write_number(value: float) -> str:
    # Adding 0 turns -0.0 into 0.0.
    return f"{round(value, 2) + 0:.2f}"


def _write_interval(each: MethodScore) -> str:
    return " to ".join(map(_write_number, each.groups[ALL].interval or ()))


def _show_group(name: str) -> Column:
    def write(each: MethodScore) -> str:
        if not (group := each.groups.get(name)):
            return "–"
        area, coverage = map(_write_number, (group.area, group.coverage))
        return f"{area} ({coverage})" if name in RUNGS else area

    return Column(name, write)


def _count_apart(name: str) -> Column:
    def write(each: MethodScore) -> str:
        if not each.facts.trained:
            return ""
        group = each.groups[name]
        return f"{group.told_apart} of {CELLS[name]}" if group.seeds > 1 else "–"

    return Column(
        "told apart",
        write,
        f"cells, of a task and a kind of labels, in which S is above that of {UNTRAINED}, which"
        f" reads labels alone (Welch over seeds, p below .05 / {CELLS[name]})",
    )


def _name_kind(each: MethodScore) -> str:
    if not each.facts.trained:
        return "never trained"
    if each.missing:
        return f"lacks seeds of {len(each.missing)} of {len(RANKING)} tasks"
    return ""


METHOD = Column("method", lambda each: each.facts.name)
# All tasks of a table, and its columns.
TABLES = {
    ALL: [
        Column(
            "rank",
            lambda each: "·" if each.rank is None else str(each.rank),
            "methods that the data do not tell apart share one (Holm over all pairs). It needs"
            f" seeds 0 to {SEEDS - 1} of every task",
        ),
        METHOD,
        Column(
            "S",
            lambda each: _write_number(each.groups[ALL].area),
            "the area under S over log2(k + 1), k labels: the mean over returns, demonstrations and"
            " preferences, over tasks, over families",
        ),
        Column("95%", _write_interval, "over seeds"),
        Column(
            "C",
            lambda each: _write_number(each.groups[ALL].coverage),
            "coverage: of the method's first four policies the best one for either role, the lesser"
            " of both. No choice among them can do better",
        ),
        *map(_show_group, FAMILIES),
        _count_apart(ALL),
        Column(
            "policies",
            lambda each: each.facts.policies,
            "networks: weights of the package's own network, which the evaluator plays. any:"
            " whatever runs behind the wall",
        ),
        Column(
            "CPU hours", lambda each: f"{each.hours:.1f}", "of all records, evaluation included"
        ),
        Column("entry", _name_kind, "how far a guest's record can be believed"),
    ],
    ALL_RUNGS: [
        METHOD,
        *map(_show_group, RUNGS),
        _count_apart(ALL_RUNGS),
        Column("seeds", lambda each: str(each.groups[ALL_RUNGS].seeds), "of each; S (C)"),
    ],
}
# Of a picture.
PANELS = {ALL: (ALL, *FAMILIES), ALL_RUNGS: (*RUNGS,)}


def tabulate(scores: Sequence[MethodScore], group: str) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of a table, of the methods that have a record of its tasks."""
    columns, shown = TABLES[group], [each for each in scores if group in each.groups]
    return (
        [column.head for column in columns],
        [[column.write(each) for column in columns] for each in shown],
    )


def list_tables(scores: Sequence[MethodScore]) -> list[str]:
    """Return the tables that have a row."""
    return [group for group in TABLES if any(group in each.groups for each in scores)]


def write_text_table(scores: Sequence[MethodScore]) -> str:
    """Return the tables as text for a terminal."""
    return "\n\n".join(table(*tabulate(scores, group)) for group in list_tables(scores))


def write_markdown(scores: Sequence[MethodScore], group: str) -> str:
    """Return a table of Markdown."""
    return pipes(*tabulate(scores, group))


def draw_curves(scores: Sequence[MethodScore], group: str) -> str:
    """Return an SVG of S by labels: a panel for each of six groups of tasks, a line a method.

    What never trained is dashed.
    """
    # Matplotlib is an extra, and takes a second.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # The same picture is the same file, and its text stays text.
    with rc_context({"svg.hashsalt": "methods", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure((10.5, 4.6), layout="constrained")
        axes = figure.subplots(2, 3, sharex=True, sharey=True)
        for name, axis in zip(PANELS[group], axes.flat, strict=True):
            axis.set_title(name)
            for each in scores:
                if own := each.groups.get(name):
                    axis.plot(
                        [log2(k + 1) for k in own.curve],
                        [*own.curve.values()],
                        "-" if each.facts.trained else "k--",
                        label=each.facts.name,
                    )
            axis.set_ylim(-0.05, 1)
            axis.set_xticks([log2(k + 1) for k in LABELS], [str(k) for k in LABELS])
            axis.spines[["top", "right"]].set_visible(False)
        figure.supxlabel("labels")
        figure.supylabel("S")
        handles, names = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside right center", frameon=False)
        written = StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def write_page(scores: Sequence[MethodScore], folder: Path) -> Path:
    """Write ``methods.html`` into a folder of pages, and return its path.

    Raises:
        FileExistsError: the folder holds what is not of a leaderboard.
        ImportError: jinja2 or matplotlib is not installed; the message names the extra.
    """
    require_free(folder)
    templates = environment([Path(__file__).parent, TEMPLATES], lambda value: safe(str(value)))
    from markupsafe import Markup

    page = templates.get_template("methods.html").render(
        generator=GENERATOR,
        traps=(),
        parts=[
            (*tabulate(scores, group), TABLES[group], Markup(svg[svg.index("<svg") :]))
            for group in list_tables(scores)
            for svg in [draw_curves(scores, group)]
        ],
        about={each.facts.name: each.facts.about for each in scores},
    )
    path = folder / "methods.html"
    write_text(path, page)
    return path
