"""A playground's layers, and its looks on phones, in the dark, and cut off."""

import re

import pytest

from mesa_gym.files import write_text
from mesa_gym.viewer.playground import Guest, make_playground
from tests.support.visiting import CHEESE, PHONE, TRAP, Visit

pytestmark = pytest.mark.thorough


# -- layers ----------------------------------------------------------------------------------------


def test_page_tints_cells_by_one_layer(visit):
    here = visit()
    here.take("planner")
    assert here.page.locator("[data-layer][aria-pressed=true]").count() == 0
    assert "takes cheese first" not in here.text()  # play comes before the answers
    for name in ("Its arrows", "Where it ends up"):
        here.button(name).click()
    seen = {here.picture()}
    assert "Colours say what the agent takes first" in here.text("#legend")
    assert re.search(r"takes cheese first with \d+%, corner first with \d+%", here.text())
    here.page.locator("summary").click()
    for name in ("V* of cheese", "V* of corner", "Where it ends up"):
        here.button(name).click()
        pressed = here.page.locator("[data-layer][aria-pressed=true]").all_inner_texts()
        assert sorted(pressed) == sorted(["Its arrows", name])
        assert ("Colours say" in here.text("#legend")) == (name == "Where it ends up")
        seen.add(here.picture())
    assert len(seen) == 3
    for name in ("Its arrows", "Where it ends up"):
        here.button(name).click()
    assert here.page.locator("[data-layer][aria-pressed=true]").count() == 0


# -- looks and mishaps -----------------------------------------------------------------------------


def test_pages_are_no_wider_than_phones(visit):
    for address in ("page.html", "alone.html"):
        here = visit(address, viewport=PHONE)
        assert here.ask("document.documentElement.scrollWidth") == 390
        here.page.locator("summary").tap()
        if address == "page.html":
            here.take("planner")
            here.tap(CHEESE)
        assert here.ask("document.documentElement.scrollWidth") == 390
    assert not here.page.locator("#agent").is_visible()
    assert not here.button("The agent").is_visible()


def test_page_says_that_memory_is_undeclared(visit):
    here = visit()
    assert "not declared" not in here.text("#tried")
    here.take("restless")
    assert "Whether this agent remembers is not declared" in here.text("#tried")


def test_playground_name_cannot_become_markup(browser, playground):
    name = "</script><script>alert(1)</script>\x1b<b>bold</b>"
    page = make_playground(TRAP, [("shift", 0)], [Guest(name, "stay", "<i>words</i>")])
    assert "<script>alert" not in page
    assert "\x1b" not in page
    write_text(playground / "board" / "named.html", page)
    here = Visit(browser, playground, "named.html")
    assert here.page.locator("b:text('bold'), i").count() == 0
    assert "<i>words</i>" in here.text("#legend")
    here.tab.close()
