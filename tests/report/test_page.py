"""Pages and Markdown: every number, the verdict in words, nothing that breaks the form."""

import sys
from functools import cache
from html.parser import HTMLParser

import pytest
from browsing import Tab
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.engine import STAY
from mesa_gym.scoring import (
    ENDED,
    MEASURES,
    WORDS,
    Episode,
    Played,
    measure,
    score,
)
from mesa_gym.scoring.card_text import number
from mesa_gym.scoring.measures import SHARE
from mesa_gym.terminal import printable


class CardPage(HTMLParser):
    """Checks that tags are balanced, and notes what a reader and a browser would get."""

    def __init__(self, html):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, list[str]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, [name for name, _ in attrs]))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@cache
def scored(policy="oracle:dish", trap="CheeseDish"):
    return score(policy, trap, levels=2)


CARDS = [
    ("oracle:dish", "CheeseDish"),
    ("oracle:place", "Attributes"),
    ("reference:base", "MonsterWorld"),
]


@pytest.mark.thorough
@pytest.mark.parametrize("subject", CARDS)
def test_both_forms_hold_every_number_beside_its_nulls(subject):
    card = scored(*subject)
    page, markdown = CardPage(report.html(card)).text, report.markdown(card)
    rows = [row for row in card.rows() if row.value is not None]
    assert len(rows) >= 13
    for row in rows:
        figures = [number(each) for each in (row.value, *row.nulls.values())]
        assert len(figures) == (4 if row.split in ("test", "shift") else 1)
        name = row.measure.name.replace("_", " ")
        assert "".join([name, row.key, *figures]) in page
        assert f"| {' | '.join(figures)} |" in markdown
        assert f"**{name}**: {row.measure.unit.name} (" in markdown
        assert row.measure.meaning in page
    assert ("thin, below: sweeper, uniform, drift" in page) == bool(card.nulls)
    assert "| measure | of | policy | sweeper | uniform | drift |" in markdown


def test_a_measure_of_ones_own_is_in_every_form():
    @measure(SHARE, splits=("test", "shift"))
    def staying(played: Played):
        """Return the share of *steps* | that <b>stay</b>."""
        actions = played.record.actions
        return float((actions == STAY).sum() / (actions != ENDED).sum())

    try:
        card = score("stay", "CheeseCorner", levels=2)
        page, markdown = report.html(card), report.markdown(card)
        nulls = [card.nulls[null]["shift"]["staying"] for null in card.nulls]
        figures = [number(each) for each in (1.0, *nulls)]
        assert (figures[1], figures[3]) == ("0.000", "1.000")
        assert f"| staying |  | {' | '.join(figures)} |" in markdown
        for form in (card.full(), CardPage(page).text):
            assert "".join(["staying", *figures]) in form.replace(" ", "")
        assert "the share of *steps* | that <b>stay</b>" in CardPage(page).text
        assert "staying : 1.00, 0.00" in page  # in the words of the plot
        assert parsed(markdown)[1] <= MARKUP
    finally:
        del MEASURES["staying"]


@pytest.mark.parametrize("word", WORDS)
def test_the_verdict_comes_first_and_in_words(word):
    named = f"{word}:dish" if word == "proxy" else word
    wants = ["cheese", "dish"] if word == "either" else []
    card = replace(scored(), verdict=named, wants=wants)
    who = {"base": "The base objective, cheese: i", "proxy": "The proxy dish: i"}
    who["either"] = "cheese or dish: i"
    for text in (CardPage(report.html(card)).text, report.markdown(card).replace("`", "")):
        assert f"oracle:dish on CheeseDish-v0: {named}" in text
        said = f"{who.get(word, 'I')}t {WORDS[word]}."
        assert text.index(said) < text.index("On shift")
        assert "Only 2 levels: score at least 100." in text


def test_what_warns_of_a_verdict_is_said():
    few = replace(scored(), confidence=0.8)
    many = replace(few, provenance=replace(few.provenance, levels=100))
    doubted = replace(few, confidence=0.5, brittle=True)
    for form in (report.html, report.markdown):
        assert "score at least" not in form(many)
        assert "undecided" in form(doubted)
        assert "undecided" not in form(few)
        assert "as far as returns under shift can say" in form(replace(few, choices=None))
        assert "as far as returns" not in form(few)


def test_a_page_has_the_pictures_of_its_episode():
    """The agent goes two cells to the left and waits three times."""
    actions = [0, 0, STAY, STAY, STAY]
    card = replace(scored(), episode=Episode(level=34, actions=actions))
    page = report.html(card)
    assert page.count('src="data:image/png;base64,') == page.count('alt="the level at ') >= 2
    assert 'alt="the level at start"' in page
    assert "left left act act act" in page
    assert "At start:\n\n    #########\n" in report.markdown(card)
    for form in (report.html, report.markdown):
        assert "No pictures: " in form(replace(card, trap="Mushrooms-v0"))


def test_without_jinja2_the_extra_is_named(monkeypatch, run):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"mesa-gym\[report\]"):
        report.html(scored())
    code, told = run("score --policy stay --trap CheeseCorner --html a.html")
    assert (code, told.count("\n"), "mesa-gym[report]" in told) == (2, 1, True)


# -- names from elsewhere --------------------------------------------------------------------------

MARKUP = {"text", "softbreak", "strong_open", "strong_close", "code_inline"}
EVIL = '</title><script>alert("1")</script>|`x`*_\x1b[31m\n# @all {{ 7 * 7 }} \u202e\ud800'
names = st.text("<>&\"'|`*_[]()!#\n\t\\~-+:/@.;0aé\x1b\u202e\x00{}%= ", min_size=1, max_size=30)


def named(name):
    """A card in which everything that can be a name is this one."""
    names = {"cheese": name, "dish": f"{name} proxy"}

    def rename(data):
        if isinstance(data, dict):
            return {names.get(key, key): rename(value) for key, value in data.items()}
        return data

    card, wants = scored(), [*names.values()]
    origin = replace(card.provenance, trap=name, command=name, versions={name: name})
    shown = {"splits": rename(card.splits), "nulls": rename(card.nulls), "provenance": origin}
    shown |= {"choices": rename_evidence(card.choices, names)}
    verdict = f"proxy:{names['dish']}"
    return replace(card, trap=name, policy=name, base=name, verdict=verdict, wants=wants, **shown)


def rename_evidence(evidence, names):
    return replace(
        evidence,
        objectives=tuple(names.values()),
        alone={names[x]: each for x, each in evidence.alone.items()},
        nulls={null: rename_evidence(each, names) for null, each in evidence.nulls.items()},
    )


def parsed(markdown):
    """Return the blocks that a Markdown parser finds, and the kinds of markup inside lines."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    inside = [child for token in tokens for child in token.children or ()]
    kinds = {t.content if t.type == "html_inline" else t.type for t in inside}
    return [f"{token.type} {token.tag}" for token in tokens], kinds


@cache
def tame():
    card = named("tame")
    return CardPage(report.html(card)).tags, parsed(report.markdown(card))[0]


@pytest.mark.thorough
@settings(max_examples=40)
@given(name=names)
@example(name=EVIL)
def test_names_cannot_break_a_form(name):
    """Tags, blocks and lines are those of a tame name; what is shown is the name."""
    card = named(name)
    html, markdown = report.html(card), report.markdown(card)
    assert all(c.isprintable() or c == "\n" for c in html + markdown)
    page, (blocks, inside) = CardPage(html), parsed(markdown)
    assert (page.tags, blocks) == tame()
    assert f"The proxy {printable(name)} proxy: it goes to" in page.text
    assert inside <= MARKUP


def test_names_cannot_change_the_terminal():
    card = named(EVIL)
    for text, tame_text in ((str(card), str(named("tame"))), (card.full(), named("tame").full())):
        assert all(c.isprintable() or c == "\n" for c in text)
        # Sentences with a longer name may have a line more, the blocks are the same.
        assert text.count("\n\n") == tame_text.count("\n\n")


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fetches_nothing_and_fits_a_phone(browser, scheme, tmp_path):
    (tmp_path / "board").mkdir()
    tab = Tab(browser, tmp_path, color_scheme=scheme, viewport={"width": 380, "height": 800})
    for card in (named(EVIL), *(scored(*subject) for subject in CARDS)):
        (tmp_path / "board" / "card.html").write_text(report.html(card))
        page = tab.open("card.html")
        assert page.evaluate("document.documentElement.scrollWidth") == 380
    tab.close()
