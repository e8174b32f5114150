"""The linter of names finds each kind of fault, and leaves good names alone."""

import runpy
from pathlib import Path

import pytest

FIND = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "names.py"))["find_faults"]


@pytest.mark.parametrize(
    ("file", "text", "faults"),
    [
        ("tests/a.py", "def test_the_cheese(): ...\ndef test_an_end(): ...\ntest_who_won = 1", 3),
        ("tests/a.py", "def test_it_ends(): ...\nasync def test_how_far(): ...", 2),
        (
            "tests/a.py",
            "def test_a_b_c_d_e_f_g_h(): ...\nclass A:\n def test_b_b_c_d_e_f_g_h(): ...",
            2,
        ),
        ("tests/a.py", "def test_item_b_c_d_e_f_g(): ...\ntest_another, test_ring = 1, 2", 0),
        (
            "agents/a.py",
            "def _scored(): ...\ndef growing(): ...\nclass A:\n def held(self): ...",
            2,
        ),
        ("agents/a.py", "class A: ...\ndef make():\n class A: ...\nclass B: ...", 1),
        ("mesa_gym/scoring/measures.py", "def reached(): ...\ndef find_reached(): ...", 0),
    ],
)
def test_linter_finds_bad_names_alone(file, text, faults, tmp_path):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    assert len([*FIND(tmp_path, [file])]) == faults
