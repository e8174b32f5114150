"""The standings of methods: one table, as text, Markdown and a page, and one picture of curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from math import isnan, log2
from pathlib import Path
from typing import NamedTuple

from benchmarks.markdown import pipes
from benchmarks.tracks.record import LABEL_KINDS, LABELS
from benchmarks.tracks.scores import UNTRAINED, Estimate, MethodScore
from benchmarks.tracks.tasks import FAMILIES, RANKING, SEEDS
from mesa_gym.files import write_text
from mesa_gym.report.leaderboard_page import GENERATOR, require_free
from mesa_gym.report.page import TEMPLATES, environment
from mesa_gym.report.svg import safe
from mesa_gym.terminal import table


class Column(NamedTuple):
    """A column of the standings: its head, what it says of a method, and what that means."""

    head: str
    write: Callable[[MethodScore], str]
    meaning: str = ""


def _write_number(value: float) -> str:
    # Adding 0 turns -0.0 into 0.0.
    return "–" if isnan(value) else f"{round(value, 2) + 0:.2f}"


def _write_interval(each: Estimate) -> str:
    if isnan(each.low):
        return ""
    return f"{_write_number(each.low)} to {_write_number(each.high)}"


def _show_family(family: str) -> Column:
    return Column(family, lambda each: _write_number(each.families.get(family, float("nan"))))


def _name_kind(each: MethodScore) -> str:
    if not each.facts.trained:
        return "never trained"
    if each.missing:
        return f"lacks seeds of {len(each.missing)} of {len(RANKING)} tasks"
    return each.facts.entry.tier if each.facts.entry else ""


CELLS = len(RANKING) * len(LABEL_KINDS)
COLUMNS = [
    Column(
        "rank",
        lambda each: "·" if each.rank is None else str(each.rank),
        "methods that the data do not tell apart share one (Holm over all pairs). It needs seeds 0"
        f" to {SEEDS - 1} of every task",
    ),
    Column("method", lambda each: each.facts.name),
    Column(
        "S",
        lambda each: _write_number(each.steering.value),
        "the area under S over log2(k + 1), k labels: the mean over returns, demonstrations and"
        " preferences, over tasks, over families",
    ),
    Column("95%", lambda each: _write_interval(each.steering), "over seeds"),
    Column(
        "C",
        lambda each: _write_number(each.coverage.value),
        "coverage: of the method's first four policies the best one for either role, the lesser of"
        " both. No choice among them can do better",
    ),
    *map(_show_family, FAMILIES),
    Column(
        "told apart",
        lambda each: "" if not each.facts.trained else f"{each.told_apart} of {CELLS}",
        f"cells, of a task and a kind of labels, in which S is above that of {UNTRAINED}, which"
        f" reads labels alone (Welch over seeds, p below .05 / {CELLS})",
    ),
    Column(
        "policies",
        lambda each: each.facts.policies,
        "networks: weights of the package's own network, which the evaluator plays. any: whatever"
        " runs behind the wall",
    ),
    Column("CPU hours", lambda each: f"{each.hours:.1f}", "of all records, evaluation included"),
    Column("entry", _name_kind, "how far a guest's record can be believed"),
]


def tabulate(scores: Sequence[MethodScore]) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of the standings."""
    return (
        [column.head for column in COLUMNS],
        [[column.write(each) for column in COLUMNS] for each in scores],
    )


def write_text_table(scores: Sequence[MethodScore]) -> str:
    """Return the standings as text for a terminal."""
    return table(*tabulate(scores))


def write_markdown(scores: Sequence[MethodScore]) -> str:
    """Return the standings as a table of Markdown."""
    return pipes(*tabulate(scores))


def draw_curves(scores: Sequence[MethodScore]) -> str:
    """Return an SVG of S by labels: a panel for all tasks and one a family, a line a method.

    What never trained is dashed.
    """
    # Matplotlib is an extra, and takes a second.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    panels = ["all", *FAMILIES]
    # The same picture is the same file, and its text stays text.
    with rc_context({"svg.hashsalt": "methods", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure((10.5, 4.6), layout="constrained")
        axes = figure.subplots(2, 3, sharex=True, sharey=True)
        for name, axis in zip(panels, axes.flat, strict=True):
            axis.set_title(name)
            for each in scores:
                if curve := each.curves.get(name):
                    axis.plot(
                        [log2(k + 1) for k in curve],
                        [*curve.values()],
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

    heads, rows = tabulate(scores)
    svg = draw_curves(scores)
    page = templates.get_template("methods.html").render(
        generator=GENERATOR,
        traps=(),
        heads=heads,
        rows=rows,
        picture=Markup(svg[svg.index("<svg") :]),
        notes={column.head: column.meaning for column in COLUMNS if column.meaning},
        about={each.facts.name: each.facts.about for each in scores},
    )
    path = folder / "methods.html"
    write_text(path, page)
    return path
