"""Mutants: semantic faults that the tests must find, each planted alone in a clone.

    python .ci/mutants.py [NUMBER ...] [--thorough] [--out FILE.csv]
    python .ci/mutants.py --sample 2 [--week 2026-W49] [--rooms engine traps]

``mutants.csv`` has a line for each: its room, the file, text that stands there once, its
replacement, and the folders whose fast tests must then fail; a mutant whose tests pass lives.
With ``--sample``, mechanical mutants are drawn by the week instead, so many for each room: swapped
arguments, ``any`` for ``all``, ``<`` for ``<=``, and a copy or a mask that is left out.
Results are written to a file, and counts by room are printed. The clone is of the last commit.
Tests that compare bytes of sources fail after any change, so they are left out.
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
USUAL = "not slow and not calibrate"
MARKS = {"fast": f"not thorough and {USUAL}", "thorough": f"thorough and {USUAL}"}
ALIVE = "alive"
SECONDS = 300  # of a test: some mutants never end
COMPARES_BYTES = (
    "tests/report/test_leaderboard.py::test_kept_text_is_of_this_code",
    "tests/solver/test_store.py::test_every_trap_has_values_of_this_code",
    "tests/solver/test_store.py::test_standard_values_equal_the_solver",
    "tests/solver/test_store.py::test_standard_values_serve_any_subset",
)
PACKAGES = ("mesa_gym", "agents")
SIGNS = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
COPIES = {"copy", "deepcopy"}
COMMENT = "\n# A comment is not a fault.\n"


class Mutant(NamedTuple):
    """A line of the table."""

    room: str
    file: str
    old: str
    new: str
    tests: str


def read_mutants(table: Path, tree: Path) -> list[Mutant]:
    """Return the mutants of a table; SystemExit where a mutant does not fit the files of a tree."""
    with table.open(newline="") as file:
        mutants = [Mutant(**row) for row in csv.DictReader(file)]
    for number, mutant in enumerate(mutants, 1):
        source = (tree / mutant.file).read_text()
        if (count := source.count(mutant.old)) != 1 or mutant.old == mutant.new:
            sys.exit(f"mutant {number}: {mutant.old!r} is {count} times in {mutant.file}, not once")
        compile(source.replace(mutant.old, mutant.new), mutant.file, "exec")
        if missing := [path for path in mutant.tests.split() if not (tree / path).exists()]:
            sys.exit(f"mutant {number}: there is no {missing[0]}")
    return mutants


def change_node(node: ast.AST, text: str) -> str | None:
    """Return the text of a node with a mechanical fault; None if it has no such place."""

    def cut(part: ast.expr) -> str:
        """Return the text of a part, with the brackets that it may need elsewhere."""
        source = ast.unparse(part)
        return f"({source})" if isinstance(part, ast.Compare | ast.BinOp) else source

    match node:
        case ast.Compare(left, [sign], [right]) if type(sign) in SIGNS:
            return f"{cut(left)} {SIGNS[type(sign)]} {cut(right)}"
        case ast.BinOp(left, ast.BitAnd()):
            return cut(left)
        case ast.Call(ast.Name("any" | "all" as name)):
            return {"any": "all", "all": "any"}[name] + text[len(name) :]
        case ast.Call(ast.Attribute(value, "copy"), [], []):
            return cut(value)
        case ast.Call(ast.Name(name), [value], []) if name in COPIES:
            return cut(value)
        case ast.Call(_, [one, other, *_], _) if type(one) is type(other) is not ast.Starred:
            node.args[:2] = other, one
            swapped = ast.unparse(node)
            node.args[:2] = one, other
            return swapped if swapped != ast.unparse(node) else None
    return None


def list_changes(source: str) -> Iterator[tuple[str, str, str]]:
    """Yield the kind of a mechanical fault, a line that a file has once, and the line with it."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.expr) or node.lineno != node.end_lineno:
            continue
        line = lines[node.lineno - 1].encode()
        text = line[node.col_offset : node.end_col_offset].decode()
        new = change_node(node, text)
        if new is not None and source.count(line.decode()) == 1:
            changed = line[: node.col_offset] + new.encode() + line[node.end_col_offset :]
            swaps = isinstance(node, ast.Call) and len(node.args) > 1
            yield "swap" if swaps else type(node).__name__, line.decode(), changed.decode()


def draw_mutants(tree: Path, count: int, week: str, rooms: list[str]) -> list[Mutant]:
    """Return mechanical mutants of a week, ``count`` for each room: a folder with tests."""
    mutants = []
    folders = [tree / "mesa_gym" / path.name for path in sorted((tree / "tests").iterdir())]
    for folder in (*filter(Path.is_dir, folders), tree / "agents"):
        files = sorted(folder.rglob("*.py"))
        rng = random.Random(f"{week} {folder.name}")
        rng.shuffle(files)
        for path in files[:count] if not rooms or folder.name in rooms else ():
            changes = [*list_changes(path.read_text())]
            kinds = sorted({kind for kind, _, _ in changes})
            for kind in rng.sample(kinds, min(1, len(kinds))):
                _, old, new = rng.choice([x for x in changes if x[0] == kind])
                file, tests = str(path.relative_to(tree)), f"tests/{folder.name}"
                mutants.append(Mutant(folder.name, file, old, new, tests))
    return mutants


def list_tests(tree: Path, mutant: Mutant) -> list[str]:
    """Return a mutant's files of tests, those that speak most of its module first."""
    stem, places = Path(mutant.file).stem, [tree / path for path in mutant.tests.split()]
    files = [path for place in places for path in (place, *place.rglob("test_*.py"))]
    files = [path for path in files if path.is_file()]
    files.sort(key=lambda path: (stem not in path.stem, -path.read_text().count(stem), path))
    return [str(path.relative_to(tree)) for path in files]


def run_tests(tree: Path, tests: list[str], marks: str) -> str:
    """Return the first test that fails in a tree; "" if all pass."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    words += ["--timeout", str(SECONDS), "-m", marks, *tests]
    words += [f"--deselect={test}" for test in COMPARES_BYTES]
    env = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=tree, env=env, capture_output=True, text=True)
    if done.returncode in (0, 5):  # 5: there are none with these marks
        return ""
    match = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode not in (1, 2) or match is None:
        sys.exit(f"pytest could not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return match[1]


def try_mutant(tree: Path, mutant: Mutant, kinds: list[str]) -> tuple[str, str]:
    """Return the mark of the tests that find a mutant (or that it lives), and the failing test."""
    tests, source = list_tests(tree, mutant), (path := tree / mutant.file).read_text()
    path.write_text(source.replace(mutant.old, mutant.new))
    tried = ((kind, run_tests(tree, tests, MARKS[kind])) for kind in kinds)
    outcome = next((pair for pair in tried if pair[1]), (ALIVE, ""))
    path.write_text(source)
    return outcome


def main() -> None:
    """Try the mutants that are asked for, one after another."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("numbers", nargs="*", type=int, help="lines of the list, from 1")
    parser.add_argument("--thorough", action="store_true", help="also run slow tests")
    parser.add_argument("--sample", type=int, default=0, help="draw so many for each room")
    parser.add_argument("--week", default=datetime.now(UTC).strftime("%G-W%V"))
    parser.add_argument("--rooms", nargs="*", default=[], help="of a sample; by default all")
    parser.add_argument("--out", type=Path, default=Path("build/mutants.csv"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, options.out.open("w", newline="") as file:
        tree = Path(folder, "tree")
        subprocess.run(["git", "clone", "-q", HERE.parent, tree], check=True)
        mutants, table = read_mutants(HERE / "mutants.csv", tree), csv.writer(file)
        if options.sample:
            mutants = draw_mutants(tree, options.sample, options.week, options.rooms)
        counts, killers = Counter[tuple[str, str]](), set[tuple[str, str]]()
        table.writerow(("number", "room", "file", "old", "new", "found", "test", "seconds"))
        for number in options.numbers or range(1, len(mutants) + 1):
            mutant, began = mutants[number - 1], time.monotonic()
            outcome, killer = try_mutant(tree, mutant, [*MARKS][: 1 + options.thorough])
            counts[mutant.room, outcome] += 1
            killers |= {(killer, mutant.file)} if killer else set()
            row = number, *mutant[:4], outcome, killer, round(time.monotonic() - began)
            table.writerow(row)
            file.flush()
            print(*row, flush=True)
        for path in {tree / name for _, name in killers}:
            path.write_text(path.read_text() + COMMENT)
        if killers and (broken := run_tests(tree, sorted({test for test, _ in killers}), USUAL)):
            sys.exit(f"{broken} also fails without a mutant, or after a comment: it shows nothing")
    lines = ["| room | fast | thorough | alive | share found |", "|---|---|---|---|---|"]
    for room in dict.fromkeys(room for room, _ in counts):
        outcome = [counts[room, x] for x in (*MARKS, ALIVE)]
        share = 1 - outcome[-1] / sum(outcome)
        lines.append(f"| {room} | {' | '.join(map(str, outcome))} | {share:.2f} |")
    print("", *lines, sep="\n")
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        Path(page).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
