"""The check of words finds constructions that readers read twice, and lets no count rise."""

import runpy
from pathlib import Path

import pytest

WORDS = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "words.py"))


@pytest.mark.parametrize(
    ("sentence", "constructions"),
    [
        ("The score is that of the policy.", ["that of"]),
        ("Policies, and those that have a memory.", ["that of"]),
        ("Return the shape; a copy has the same.", ["the same"]),
        ("What was paid counts. It depends on how long it takes.", ["clause", "clause"]),
        ("Of a text with several views, the last is read.", ["inversion"]),
        ("Levels are drawn; they are solved; they are scored.", ["semicolons"]),
        ("The cards lie here. None writes it.", ["lies", "nothing"]),
        ("Seeds fall silent above .05 here.", ["metaphor", "number"]),
        ("Two seeds are alike. It stands beside a wall.", ["lies", "apart", "apart"]),
        ("It is on the same level, 0.05 of `that of`: what is it? None if it is empty.", []),
        ("Require that in the grid no wall is added. It stands for a share.", []),
    ],
)
@pytest.mark.parametrize("form", ["a.md", "docstring.py", "comment.py"])
def test_check_finds_each_construction(form, sentence, constructions, tmp_path):
    text = {
        "a.md": f"# A\n\n```\nthat of\n```\n\n{sentence}\n",
        "comment.py": f"x = 1\n# {sentence}\n",
    }
    (tmp_path / form).write_text(text.get(form, f'def f():\n    """{sentence}"""\n'))
    rows = [*WORDS["find_constructions"](tmp_path / form)]
    assert [name for name, *_ in rows] == constructions


def test_check_lets_no_count_rise(tmp_path, monkeypatch, capsys):
    names = WORDS["main"].__globals__
    monkeypatch.setitem(names, "TABLE", tmp_path / "words.csv")
    places = [("docs", "lies", "a.md:1: it lies here"), ("docs", "apart", "a.md:2: apart")]
    monkeypatch.setitem(names, "find_all", lambda: places)
    assert (WORDS["main"](["--write"]), WORDS["main"]([])) == (0, 0)
    places.append(("docs", "lies", "b.md:7: it lies there"))
    assert (WORDS["main"](["--write"]), WORDS["main"]([])) == (0, 1)
    assert "docs: 2 of 'lies', allowed 1" in capsys.readouterr().out
    WORDS["main"](["docs", "lies"])
    assert capsys.readouterr().out == "a.md:1: it lies here\nb.md:7: it lies there\n"
    del places[:2]
    assert (WORDS["main"](["--write"]), WORDS["main"]([])) == (0, 0)
    assert (tmp_path / "words.csv").read_text().split("\n")[3].endswith(",1,0,0,0")
