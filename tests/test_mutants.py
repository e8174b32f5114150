"""Mechanical faults: which a line gets, how they are drawn and found again, and their runner."""

import ast
import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).parents[1] / ".ci"


@pytest.fixture
def mutants(monkeypatch):
    """The names of the program, as it is run from its folder."""
    monkeypatch.syspath_prepend(CI)
    monkeypatch.delitem(sys.modules, "faults", raising=False)
    return runpy.run_path(str(CI / "mutants.py"))


def list_heads(line, inside=True, without_texts=False):
    """Return the faults of a statement: kind and first line."""
    faults = runpy.run_path(str(CI / "faults.py"))
    body = line.replace("\n", "\n    ")
    tree = ast.parse(f"def f():\n    {body}\n" if inside else f"{line}\n")
    (statement, *_) = faults["list_statements"](tree)
    assert statement.inside == inside
    listed = faults["list_faults"](tree, statement, without_texts)
    return sorted((fault.kind, fault.head) for fault in listed)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a = b < c", ["compare a = b <= c", "compare a = b >= c"]),
        ("a = b - c", ["arithmetic a = b + c"]),
        ("a = b & c", ["arithmetic a = b | c", "boolean a = b", "boolean a = c"]),
        ("a = b or c", ["boolean a = b", "boolean a = b and c", "boolean a = c"]),
        ("a = not b", ["not a = b"]),
        ("a = f(1)", ["constant a = f(0)", "constant a = f(2)"]),
        ("a = f(axis=0)", ["axis a = f(axis=1)", "keyword a = f()"]),
        ("a = b if c else d", ["branch a = b", "branch a = d"]),
        ("a = [b for b in c if b]", ["filter a = [b for b in c]"]),
        ("a = f(b, c)", ["swap a = f(c, b)"]),
        ("a = any(b)", ["opposite a = all(b)"]),
        ("a = b.copy()", ["left out a = b"]),
        ("a = sorted(b)", ["left out a = b"]),
        ("a = b[1:]", ["constant a = b[0:]", "constant a = b[2:]", "slice a = b[:]"]),
        ("f()", ["remove pass"]),
        ("a.b = c", ["remove pass"]),
        ("a += b", ["arithmetic a -= b", "arithmetic a = b", "remove pass"]),
        ("return a", ["return return None"]),
        ("if a:\n    b", ["branch if False:", "branch if True:", "not if not a:"]),
        ("for a in b:\n    c", ["loop for a in b:"]),
        ("a = 'text'", []),
        ("a = f(*b, c)", []),
    ],
)
def test_statement_gets_each_mechanical_fault(line, expected):
    assert [f"{kind} {head}" for kind, head in list_heads(line)] == expected


def test_statement_of_module_keeps_its_branch():
    """What an import decides is left: a program that cannot be imported shows nothing."""
    assert list_heads("if a:\n    b", inside=False) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("raise E(f'{a - b} is odd')", ["remove pass"]),
        ("add('--n', help=f(1), type=int)", ["keyword add('--n', help=f(1))", "remove pass"]),
        ("print(a + b)", ["remove pass"]),
    ],
)
def test_fault_without_texts_leaves_messages(line, expected):
    heads = [f"{kind} {head}" for kind, head in list_heads(line, without_texts=True)]
    assert heads == expected
    assert len(list_heads(line)) > len(expected)


MODULE = "def f(a, b):\n    return a < b\n\n\ndef g(a):\n    return a < 5\n"


def cover_lines(mutants, tree, **files):
    """Write files of a package, and return a coverage by which one test runs each line."""
    (tree / "mesa_gym").mkdir(exist_ok=True)
    lines = {}
    for name, text in files.items():
        (tree / "mesa_gym" / f"{name}.py").write_text(text)
        numbers = range(1, text.count("\n") + 1)
        lines[f"mesa_gym/{name}.py"] = {number: {"tests/test_a.py::test_a"} for number in numbers}
    return mutants["Coverage"](lines, {"tests/test_a.py::test_a": 0.1})


def test_drawn_mutants_follow_seed_and_change(mutants, tmp_path):
    cover = cover_lines(mutants, tmp_path, one=MODULE, two=MODULE * 8)
    draw = mutants["draw_mutants"]
    first, again, other = (draw(tmp_path, cover, seed, 4, None) for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == len({(x["file"], x["scope"], x["statement"], x["nth"]) for x in first})
    changed = draw(tmp_path, cover, 1, 99, {"mesa_gym/two.py": {*range(1, 99)}})
    assert {x["file"] for x in changed} == {"mesa_gym/two.py"}
    assert len(changed) == 7  # of its sixteen statements
    assert draw(tmp_path, cover, 1, 99, {"mesa_gym/one.py": {5}}) == []


def test_mutant_is_found_where_lines_moved(mutants, tmp_path):
    cover = cover_lines(mutants, tmp_path, one=MODULE)
    drawn = mutants["draw_mutants"](tmp_path, cover, 0, 9, None)
    find = mutants["find_mutant"]
    before = [find(tmp_path, cover, mutant) for mutant in drawn]
    cover = cover_lines(mutants, tmp_path, one="import math\n" + MODULE)
    after = [find(tmp_path, cover, mutant) for mutant in drawn]
    assert [x["line"] + 1 for x in before] == [x["line"] for x in after]
    assert [x["tests"] for x in after] == [["tests/test_a.py::test_a"]] * 2
    assert all(x["source"].startswith("import math\n") for x in after)
    cover = cover_lines(mutants, tmp_path, one=MODULE.replace("a < 5", "a < 6"))
    lost = [find(tmp_path, cover, mutant) is None for mutant in drawn]
    assert lost == [mutant["scope"] == "g" for mutant in drawn]


TESTS = """
import hypothesis
import pytest
from mesa_gym.one import f, g

def test_order(): assert f(1, 2) and not f(2, 2)
def test_source(): assert open("mesa_gym/one.py").read().endswith("< 5\\n")
def test_number(): g(0)
"""


@pytest.mark.thorough
def test_runner_finds_faults_that_tests_find(tmp_path):
    """A test that compares bytes finds none; a run that is repeated has the same results."""
    pytest.importorskip("coverage")
    tree = tmp_path / "tree"
    for folder in ("mesa_gym", "tests"):
        (tree / folder).mkdir(parents=True)
        (tree / folder / "__init__.py").write_text("")
    shutil.copytree(CI, tree / ".ci")
    (tree / "mesa_gym" / "one.py").write_text(MODULE)
    (tree / "tests" / "test_one.py").write_text(TESTS)
    (tree / "setup.cfg").write_text(
        "[tool:pytest]\nmarkers =\n    thorough\n    slow\n    calibrate\n"
    )
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"]):
        subprocess.run([*git, *words], cwd=tree, check=True)
    command = [sys.executable, ".ci/mutants.py", "--seed", "3", "--workers", "1"]
    runs = [subprocess.run(command, cwd=tree, capture_output=True, text=True) for _ in range(2)]
    assert [run.returncode for run in runs] == [0, 0], [run.stdout + run.stderr for run in runs]
    printed = [run.stdout for run in runs]
    assert printed[0] == printed[1]
    (results,) = tree.glob("build/mutants/*/seed-3/results.jsonl")
    rows = {row["id"]: row["found"] for row in map(json.loads, results.read_text().splitlines())}
    mutants = json.loads(results.with_name("mutants.json").read_text())
    found = {mutant["scope"]: rows[mutant["id"]] for mutant in mutants}
    assert found == {"f": "tests/test_one.py::test_order", "g": ""}
    assert "lives: mesa_gym/one.py, g: return a < 5" in printed[0]
    assert "| all | 2 | 1 | 1 | 0.50 |" in printed[0]
