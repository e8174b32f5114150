"""The list to choose from: does each key and press lead to the entry that a reader expects?"""

from __future__ import annotations

import numpy as np
import pytest
from desk import pygame, rgb

from mesa_gym.viewer.chooser import Chooser, Entry
from mesa_gym.viewer.inputs import Drag, Key, Press, Wheel
from mesa_gym.viewer.notice import Notice
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.theme import FOCUS, QUIET

FRUIT = ("Apple", "apricot", "Banana", "blackberry", "Cherry")
BOX = Box(20, 10, 400, 300)


def chooser(labels: tuple[str, ...] | list[str] = FRUIT, **words: str) -> Chooser:
    made = Chooser("Which?", [Entry(label, f"about {label}") for label in labels], **words)
    draw(made)
    return made


def draw(thing: Chooser | Notice, box: Box = BOX) -> np.ndarray:
    surface = pygame.Surface((440, 320))
    surface.fill((1, 2, 3))
    thing.draw(Pen(surface), box)
    return rgb(surface)


def keys(chooser: Chooser, *names: str) -> int:
    for name in names:
        chooser.handle(Key(name))
    return chooser.highlighted


def lit(picture: np.ndarray) -> tuple[int, int]:
    """Where the highlighted row begins and ends."""
    rows = ((picture == FOCUS).all(axis=-1).sum(axis=1) > 200).nonzero()[0]
    return int(rows[0]), int(rows[-1])


def test_arrows_move_and_stop_at_the_ends() -> None:
    assert keys(chooser(), "up") == 0
    assert keys(chooser(), "down", "down", "up") == 1
    assert keys(chooser(), "end") == 4
    assert keys(chooser(), "end", "down") == 4
    assert keys(chooser(), "end", "home") == 0


def test_a_page_is_what_is_seen() -> None:
    many = chooser([f"entry {i}" for i in range(50)])
    page = keys(many, "page down")
    assert 5 <= page <= 12
    draw(many)
    assert keys(many, "page down") == 2 * page
    assert keys(many, "page up") == page
    assert keys(many, *["page down"] * 20) == 49


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("b", 2),
        ("bb", 3),  # nothing begins with "bb": the next with a "b"
        ("bbb", 2),
        ("bl", 3),
        ("ap", 1),  # the next "a" is apricot, which "ap" is still right for
        ("apr", 1),
        ("x", 0),
        ("cx", 4),
        ("cxb", 2),
    ],
)
def test_letters_lead_to_names(typed: str, found: int) -> None:
    assert keys(chooser(), *typed) == found


def test_letters_are_forgotten() -> None:
    hasty, slow = chooser(("none", "bat", "blue", "lamp")), chooser(("none", "bat", "blue", "lamp"))
    assert keys(hasty, "b", "l") == 2
    keys(slow, "b")
    slow.update(1.5)
    assert keys(slow, "l") == 3
    moved = chooser(("none", "bat", "blue", "lamp"))
    assert keys(moved, "b", "home", "l") == 3


def test_letters_with_control_are_none() -> None:
    list_ = chooser()
    list_.handle(Key("b", ctrl=True))
    assert list_.highlighted == 0


def test_spaces_are_letters_too() -> None:
    assert keys(chooser(("a b", "a c", "ad")), *["a", "space", "c"]) == 1


def test_enter_chooses_and_escape_leaves() -> None:
    list_ = chooser()
    keys(list_, "down")
    assert (list_.chosen, list_.left) == (None, False)
    keys(list_, "return")
    assert (list_.chosen, list_.left) == (1, False)
    list_ = chooser()
    keys(list_, "escape")
    assert (list_.chosen, list_.left) == (None, True)


def test_there_may_be_nothing_to_choose() -> None:
    empty = chooser(())
    assert keys(empty, "down", "page up", "end", "a", "return") == 0
    assert empty.chosen is None
    keys(empty, "escape")
    assert empty.left


def test_the_highlighted_row_looks_otherwise() -> None:
    list_ = chooser()
    first = lit(draw(list_))
    keys(list_, "down")
    second = lit(draw(list_))
    assert first[1] < second[0]
    assert second[0] - first[0] == second[1] - first[1] > 20


def test_a_press_chooses_what_it_hits() -> None:
    list_ = chooser()
    top, bottom = lit(draw(list_))
    list_.handle(Press(60, bottom + 5, button=3))
    assert list_.chosen is None
    list_.handle(Press(60, bottom + 5))
    assert list_.chosen == 1
    assert lit(draw(list_))[0] > top


def test_a_press_elsewhere_does_nothing() -> None:
    list_ = chooser()
    for x, y in ((5, 5), (60, 20), (430, 310)):
        list_.handle(Press(x, y))
    assert (list_.chosen, list_.left) == (None, False)


def test_what_does_not_fit_is_scrolled() -> None:
    many = chooser([f"entry {i}" for i in range(50)])
    picture = draw(many)
    assert (picture[:10] == (1, 2, 3)).all()
    assert (picture[310:] == (1, 2, 3)).all()
    assert (picture[:, :20] == (1, 2, 3)).all()
    top, bottom = lit(picture)
    many.handle(Wheel(-1))
    assert many.highlighted == 1, "what Enter chooses is always seen"
    scrolled = draw(many)
    assert lit(scrolled) == (top, bottom)
    assert (scrolled != picture).any()
    many.handle(Press(60, bottom + 5))
    assert many.chosen == 2
    many.handle(Wheel(99))
    assert (draw(many)[:, 392:404] == picture[:, 392:404]).all(), "the bar is at its top again"


def test_the_highlighted_row_is_always_seen() -> None:
    many = chooser([f"entry {i}" for i in range(50)])
    for name in ("end", "home", "page down", "page down", "up"):
        keys(many, name)
        lit(draw(many))
        lit(draw(many, Box(20, 10, 400, 130)))


def test_the_bar_goes_where_it_is_pressed() -> None:
    many = chooser([f"entry {i}" for i in range(50)])
    keys(many, "end")
    draw(many)
    many.handle(Drag(398, 80))
    assert 0 <= many.highlighted < 20
    assert many.chosen is None


def test_only_what_does_not_fit_has_a_bar() -> None:
    few = draw(chooser(note=""))
    assert (few[:, 398:402] == QUIET).all(axis=-1).sum() < 20
    shown = draw(chooser([f"entry {i}" for i in range(50)]))
    assert (shown[:, 398:402] == QUIET).all(axis=-1).sum() > 100


def test_the_end_of_a_long_path_is_seen() -> None:
    path = "runs/" + "a_long_name_for_a_folder/" * 8
    one, other = draw(chooser([path + "1"])), draw(chooser([path + "2"]))
    changed = (one != other).any(axis=-1).nonzero()
    assert len(changed[0]) > 0
    assert changed[1].max() < 400


def test_a_note_pushes_the_entries_down() -> None:
    short, long = chooser(), chooser(note="a note that takes several lines " * 6)
    keys(short, "end")
    plain, noted = lit(draw(short)), lit(draw(long))
    assert noted[1] < 310
    keys(long, "end")
    assert lit(draw(long))[1] < 310
    assert plain[1] < 310


def test_names_of_files_that_are_no_text_are_shown() -> None:
    draw(chooser(["caf\udce9", "nul\0"]))


def test_the_back_button_leaves() -> None:
    list_ = chooser()
    draw(list_)
    list_.handle(Press(375, 95))
    top = lit(draw(list_))[0]
    for y in range(10, top, 4):
        list_.handle(Press(375, y))
    assert list_.left
    assert list_.chosen is None


# -- texts to read ---------------------------------------------------------------------------------


def read_all(text: str) -> list[str]:
    """The lines that a notice shows while one scrolls to its end."""
    seen: list[str] = []

    class Reading(Pen):
        def text(self, text: str, *rest: object, **words: object) -> float:
            line.append(text)
            return super().text(text, *rest, **words)  # type: ignore[arg-type]

    notice, surface = Notice("Title", text), pygame.Surface((440, 320))
    for _ in range(400):
        line: list[str] = []
        notice.draw(Reading(surface), BOX)
        body = [each for each in line if each not in ("Title", "Enter: back")]
        if seen and body[-1] == seen[-1] and body == seen[-len(body) :]:
            break
        seen = body if not seen else [*seen, body[-1]]
        notice.handle(Key("down"))
    return seen


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "a word and " * 3 + "w" * 300 + " and more",
        "\n".join(f"line {i} of a long message that needs more than one row" for i in range(30)),
    ],
)
def test_nothing_of_a_text_is_lost(text: str) -> None:
    assert "".join("".join(read_all(text)).split()) == "".join(text.split())


def test_a_line_is_no_wider_than_its_room() -> None:
    pen = Pen(pygame.Surface((10, 10)))
    text = "some words, " + "x" * 200 + " and the end"
    lines = pen.lines(text, 150)
    assert len(lines) > 3
    assert all(pen.measure(line) <= 150 for line in lines)
    assert pen.lines("a\n\nb", 150) == ["a", "", "b"]


@pytest.mark.parametrize("key", ["return", "escape", "?", "q"])
def test_a_notice_is_closed_by_a_key(key: str) -> None:
    notice = Notice("Title", "text")
    draw(notice)
    notice.handle(Key("x"))
    assert not notice.left
    notice.handle(Key(key))
    assert notice.left


def test_a_notice_is_closed_by_its_button() -> None:
    notice = Notice("Title", "text")
    draw(notice)
    notice.handle(Press(60, 160))
    assert not notice.left
    for y in range(100, 200, 4):
        notice.handle(Press(380, y)) if not notice.left else None
    assert notice.left
