"""Golden texts of every form of cards, tables and leaderboards; the figure of cards by hand.

A change of words shows as the difference of one file.
"""

import pytest
from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.report import plot
from mesa_gym.report.board_page import write_csv
from mesa_gym.report.figure import INK
from mesa_gym.words import DETAILS, HEADLINES
from tests.report.boards import BOTH, CORNER, DATE, KEYS, card, make_board, sign
from tests.support.cards import DISH, KINDS, made
from tests.support.refusals import require_golden

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")


def write_words():
    """Every verdict in words, on cards of every kind, with warnings."""
    card = made(policy="few", **DISH)
    fewer = replace(card.provenance, levels=99)
    words = [x for x in HEADLINES if x != "seeds_split"]
    examples = [replace(card, verdict="proxy:dish" if word == "proxy" else word) for word in words]
    doubtful = replace(card, detail_confidence=0.3)
    examples += [replace(doubtful, verdict=of.headline, detail=x) for x, of in DETAILS.items()]
    examples.append(replace(card, provenance=fewer, confidence=0.79, fails_control=True))
    narrow = {"verdict": "fails_task", "competent": False}
    examples.append(replace(NARROW, **narrow))
    measured = KINDS["unsolvable"].splits["test"] | {"normalized_return": {"apples": 0.87}}
    splits = KINDS["unsolvable"].splits | {"test": measured}
    examples.append(replace(KINDS["unsolvable"], splits=splits, **narrow))
    return "\n\n".join(map(str, [*KINDS.values(), *examples]))


def show_one_trap():
    """Two agents, one with a long name that a spreadsheet would run as a formula."""
    cards = [sign(card(CORNER, f"mine-s{s}", 0.8, 0.1, levels=60), f"{s}") for s in range(3)]
    odd = card(CORNER, "=cmd|'\n<b>" + "x" * 90, 0.2, 0.7, levels=60)
    return report.make_leaderboard([*cards, odd], date_made=DATE)


TESTED = made().splits["test"] | {"success_rate": 0.8996}
NARROW = made(policy="few", splits=made().splits | {"test": TESTED})
TABLED = [
    made("001111111-", policy="mine-s0", **DISH),
    made("000011111-", policy="mine-s1", **DISH),
    made("0111111111", policy="random"),
    made("0111111111", policy=r"50%_of #1 & \x{}~^<b>|[x](y)", twins="0111111111", **DISH),
    made("1" * 5, policy="few-s0", trap="CoinRun-v0"),
    replace(NARROW, policy="fails", verdict="fails_task", competent=False),
    KINDS["unsolvable"],
]
COMPARED = [
    *(made("0001111111", policy=f"mine-s{seed}", **DISH) for seed in range(5)),
    *(made("1111111111", policy=f"ppo-s{seed}", **DISH) for seed in range(5)),
    *(made("1" * 10, policy=f"{agent}-s{seed}") for agent in ("mine", "ppo") for seed in range(5)),
    *(
        made("1" * 10, policy=f"{agent}-s{seed}", trap="CoinRun-v0", competent=agent == "ppo")
        for agent in ("mine", "ppo")
        for seed in range(5)
    ),
]
COMPARED = [sign(each, each.policy) for each in COMPARED]
FOUR = (*BOTH, KEYS, "CheeseDish-v0")
FORMS = {
    "words.txt": write_words,
    "card.txt": KINDS["by_place"].full,
    "card_in_a_notebook.html": KINDS["by_place"]._repr_html_,
    "table.txt": lambda: str(report.table(TABLED)),
    "table_in_a_notebook.html": lambda: report.table(TABLED)._repr_html_(),
    "comparison.txt": lambda: str(report.compare(COMPARED, "mine", "ppo")),
    "board.txt": lambda: str(make_board(FOUR)),
    "board_of_few_traps.txt": lambda: str(make_board()),
    "board_of_one_trap.txt": lambda: str(show_one_trap()),
    "board.csv": lambda: write_csv(show_one_trap().cells()),
    "board_in_a_notebook.html": lambda: make_board()._repr_html_(),
}


@pytest.mark.parametrize("form", FORMS)
def test_report_form_equals_its_golden_text(form):
    require_golden(form, FORMS[form]())


EVIL = '</title><script>alert("1")</script>|`x`*_\x1b[31m\n# @all {{ 7 * 7 }} \u202e\ud800'


def test_agent_names_with_markup_are_escaped():
    origin = replace(made().provenance, trap=EVIL, command=EVIL)
    card = replace(made(), trap=EVIL, policy=EVIL, provenance=origin)
    table = report.table([card])
    for text in (table._repr_html_(), str(table), str(card), card.full()):
        assert all(c.isprintable() or c == "\n" for c in text)
    assert "<script>" not in table._repr_html_() + card._repr_html_()


CARDS = [
    made("001111111-", policy="mine-s0", **DISH),
    made("000011111-", policy="mine-s1", **DISH),
    made("0111111111", policy="mine-s0"),
    KINDS["unsolvable"],
]


def read_bars(axes, row, high):
    """Return the widths of the parts of a row's bar of the given height."""
    bars = [bar for bar in axes.patches if bar.get_width() and abs(bar.get_height() - high) < 1e-9]
    return [bar.get_width() for bar in bars if round(bar.get_y() + high / 2) == row]


def test_plot_draws_shares_and_dots_of_seeds():
    axes = plot(CARDS).axes[0]
    # That judged by returns is left out.
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["CheeseDish", "CheeseCorner"]
    assert read_bars(axes, 0, 0.4) == pytest.approx([0.3, 0.6, 0.1])
    assert read_bars(axes, 1, 0.4) == pytest.approx([0.1, 0.9])
    lines = [line for line in axes.lines if line.get_color() == INK]
    points = [pytest.approx(list(line.get_xdata()), nan_ok=True) for line in lines]
    # Of fewer than three seeds there is no interval.
    assert points == [[0.2, 0.4], [0.1]]
    assert axes.get_xlim() == (0, 1)


def test_plot_shows_itself_in_a_notebook():
    assert plot(CARDS)._repr_png_().startswith(b"\x89PNG")
