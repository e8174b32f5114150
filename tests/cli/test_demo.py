"""``mesa-gym demo``: the lesson is written with the core alone, and never over a user's file."""

from pathlib import Path

import pytest

from mesa_gym.cli import main
from mesa_gym.pages.filling import Markup, fill_page
from mesa_gym.pages.lesson import LESSON_MARK, make_lesson


@pytest.mark.thorough
def test_demo_writes_lesson_and_opens_it(monkeypatch, capsys, tmp_path):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)))
    monkeypatch.chdir(tmp_path)
    assert [main(["demo"]), main(["demo"])] == [0, 0]
    path = tmp_path / "lesson.html"
    assert opened == 2 * [path.as_uri()]
    assert LESSON_MARK in path.read_bytes()
    text = capsys.readouterr().out
    assert text.count("No browser") == text.count("Five screens") == 2


def test_demo_keeps_a_file_of_the_user(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("lesson.html").write_text("my lesson")
    assert main(["demo"]) == 2
    assert "lesson.html would be replaced" in capsys.readouterr().err
    assert main(["demo", "--out", "lesson.html/a.html"]) == 2
    assert "lesson.html is a file, and no folder" in capsys.readouterr().err
    assert Path("lesson.html").read_text() == "my lesson"


@pytest.mark.thorough
def test_lesson_twice_is_the_same_page():
    assert make_lesson() == make_lesson()


def test_page_escapes_values_and_fills_once():
    values = {"title": "{{ made }}", "scene": "<b>", "conflict": "", "picture": "", "made": "x"}
    page = fill_page("playground.html", {"a": "</script>"}, objectives=Markup("<i>"), **values)
    assert "<h1>{{ made }}</h1>" in page
    assert "<p>&lt;b&gt;</p>" in page
    assert "\n<i>\n" in page
    assert '{"a":"\\u003c/script>"}' in page
    with pytest.raises(KeyError, match="title"):
        fill_page("playground.html", {})
