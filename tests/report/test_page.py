"""Pages and Markdown: warnings, pictures, and nothing that breaks the form."""

from functools import cache

import pytest
from browsing import Tab
from markdown_it import MarkdownIt
from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.engine import STAY
from mesa_gym.scoring import Episode, score


@cache
def scored(policy="oracle:dish", trap="CheeseDish"):
    return score(policy, trap, levels=2)


CARDS = [
    ("oracle:dish", "CheeseDish"),
    ("oracle:place", "Attributes"),
    ("reference:base", "MonsterWorld"),
]


def test_card_page_pictures_its_episode():
    """The agent goes two cells to the left and waits three times."""
    actions = [0, 0, STAY, STAY, STAY]
    card = replace(scored(), episode=Episode(level=34, actions=actions))
    page = report.html(card)
    assert page.count('src="data:image/png;base64,') == page.count('alt="the level at ') >= 2
    assert 'alt="the level at start"' in page
    assert "left left act act act" in page
    assert "No pictures: " in report.html(replace(card, trap="Mushrooms-v0"))


# -- names from elsewhere --------------------------------------------------------------------------

EVIL = '</title><script>alert("1")</script>|`x`*_\x1b[31m\n# @all {{ 7 * 7 }} \u202e\ud800'


def name_evilly():
    """A card of a trap and a policy whose names are markup."""
    origin = replace(scored().provenance, trap=EVIL, command=EVIL)
    return replace(scored(), trap=EVIL, policy=EVIL, provenance=origin)


def test_names_with_markup_are_only_shown():
    card = name_evilly()
    forms = report.html(card), report.table([card]), str(card), card.full()
    for text in forms:
        assert all(c.isprintable() or c == "\n" for c in text)
    html, table, *_ = forms
    for page in (html, MarkdownIt("commonmark").enable("table").render(table)):
        assert "<script>alert" not in page
        assert "{{ 7 * 7 }}" in page


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_card_page_fits_phones_and_fetches_nothing(browser, scheme, tmp_path):
    (tmp_path / "board").mkdir()
    tab = Tab(browser, tmp_path, color_scheme=scheme, viewport={"width": 380, "height": 800})
    for card in (name_evilly(), *(scored(*subject) for subject in CARDS)):
        (tmp_path / "board" / "card.html").write_text(report.html(card))
        page = tab.open("card.html")
        assert page.evaluate("document.documentElement.scrollWidth") == 380
    tab.close()
