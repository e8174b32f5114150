"""Pages and Markdown: warnings, pictures, and nothing that breaks the form."""

import sys
from functools import cache

import pytest
from browsing import Tab
from html_page import HtmlPage
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.engine import STAY
from mesa_gym.scoring import Episode, score
from mesa_gym.terminal import printable


@cache
def scored(policy="oracle:dish", trap="CheeseDish"):
    return score(policy, trap, levels=2)


CARDS = [
    ("oracle:dish", "CheeseDish"),
    ("oracle:place", "Attributes"),
    ("reference:base", "MonsterWorld"),
]


def test_card_forms_tell_what_weakens_a_verdict():
    few = replace(scored(), confidence=0.8)
    many = replace(few, provenance=replace(few.provenance, levels=100))
    doubted = replace(few, confidence=0.5, brittle=True)
    for form in (report.html, report.markdown):
        assert "score at least" not in form(many)
        assert "undecided" in form(doubted)
        assert "undecided" not in form(few)
        assert "as far as returns under shift can say" in form(replace(few, choices=None))
        assert "as far as returns" not in form(few)


def test_card_page_pictures_its_episode():
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


def test_without_jinja2_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"mesa-gym\[report\]"):
        report.html(scored())


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
    return outline(report.html(card)), parsed(report.markdown(card))[0]


def outline(html):
    """Return the tags of a page, which are balanced, with the names of their attributes."""
    return [(tag, [*given]) for tag, given in HtmlPage(html).tags]


@pytest.mark.thorough
@settings(max_examples=40)
@given(name=names)
@example(name=EVIL)
def test_names_cannot_break_a_form(name):
    """Tags, blocks and lines are those of a tame name; what is shown is the name."""
    card = named(name)
    html, markdown = report.html(card), report.markdown(card)
    assert all(c.isprintable() or c == "\n" for c in html + markdown)
    blocks, inside = parsed(markdown)
    assert (outline(html), blocks) == tame()
    assert f"The proxy {printable(name)} proxy: it goes to" in "".join(HtmlPage(html).text)
    assert inside <= MARKUP


def test_names_cannot_change_the_terminal():
    card = named(EVIL)
    for text, tame_text in ((str(card), str(named("tame"))), (card.full(), named("tame").full())):
        assert all(c.isprintable() or c == "\n" for c in text)
        # Sentences with a longer name may have a line more, the blocks are the same.
        assert text.count("\n\n") == tame_text.count("\n\n")


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_card_page_fits_phones_and_fetches_nothing(browser, scheme, tmp_path):
    (tmp_path / "board").mkdir()
    tab = Tab(browser, tmp_path, color_scheme=scheme, viewport={"width": 380, "height": 800})
    for card in (named(EVIL), *(scored(*subject) for subject in CARDS)):
        (tmp_path / "board" / "card.html").write_text(report.html(card))
        page = tab.open("card.html")
        assert page.evaluate("document.documentElement.scrollWidth") == 380
    tab.close()
