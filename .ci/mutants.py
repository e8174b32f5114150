"""Mutants: mechanical faults that the fast tests should find, each planted alone.

    python .ci/mutants.py [--seed 7] [--count 250] [--list FILE.json]
    python .ci/mutants.py --diff main

A sample is drawn by a seed from all statements that fast tests run, one fault of each. With
``--diff``, the statements are those that changed since a branch, at most seven of a file, and
faults of messages and help are left out. ``--list`` takes the mutants of an earlier run instead,
and leaves out those whose statement is gone. All is of the last commit, in clones.

A mutant is first tried with the tests of its room (of the files that run its line, whole), then
with those of other rooms that run its line, at most 25 of each. Prints the share found by room, and
each mutant that lives; some are equivalent to the code, or change a text alone. A folder of
``--out`` keeps the list and the results, so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from faults import CodeStatement, list_faults, list_statements

HERE = Path(__file__).parent
MARKS = "not thorough and not slow and not calibrate"
PACKAGES = ("mesa_gym", "agents")
OF_OTHERS = 25  # tests of another room
OF_A_FILE = 7  # mutants of a change
BASE = "base"  # the modules beside the packages


class Coverage(NamedTuple):
    """Which tests run which lines: file -> line -> tests; "" stands for imports."""

    lines: dict[str, dict[int, set[str]]]
    seconds: dict[str, float]


def room_of(file: str) -> str:
    """Return the room of a file of the packages or of the tests."""
    top, *inner = Path(file).parts
    return top if top == "agents" else inner[0] if len(inner) > 1 else BASE


def start_pytest(tree: Path, arguments: list[str], **variables: object) -> subprocess.Popen[bytes]:
    """Start pytest in a clone with the plugin beside this file."""
    env = {x: y for x, y in os.environ.items() if not x.startswith("FORKING_")}
    env |= {"PYTHONPATH": f"{tree}:{HERE}", "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
    env |= {"OPENBLAS_NUM_THREADS": "1"} | {name: str(value) for name, value in variables.items()}
    words = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    words += ["-p", "forking", "-m", MARKS, *arguments]
    with (tree.parent / f"{tree.name}.txt").open("wb") as output:
        return subprocess.Popen(words, cwd=tree, env=env, stdout=output, stderr=output)


def measure_coverage(trees: list[Path], folder: Path) -> Coverage:
    """Return which fast tests run which lines; it is measured once for a commit."""
    if not folder.exists():
        making = folder.with_suffix(".part")
        making.mkdir(parents=True, exist_ok=True)
        files = sorted(str(x.relative_to(trees[0])) for x in trees[0].glob("tests/**/test_*.py"))
        parts = [files[k :: len(trees)] for k in range(len(trees))]
        running = [
            start_pytest(tree, part, FORKING_COVER=making / f"part{k}.data")
            for k, (tree, part) in enumerate(zip(trees, parts, strict=True))
        ]
        wait_for(trees, running)
        (making / "trees.json").write_text(json.dumps([str(tree) for tree in trees]))
        making.rename(folder)
    return read_coverage(folder)


def read_coverage(folder: Path) -> Coverage:
    """Return what the processes of a measurement wrote."""
    import coverage

    lines = defaultdict[str, dict[int, set[str]]](lambda: defaultdict(set))
    seconds = dict[str, float]()
    for k, tree in enumerate(json.loads((folder / "trees.json").read_text())):
        data = coverage.CoverageData(folder / f"part{k}.data")
        data.read()
        seconds |= json.loads((folder / f"part{k}.json").read_text())
        for path in (x for x in data.measured_files() if x.endswith(".py")):  # not templates
            for line, tests in data.contexts_by_lineno(path).items():
                lines[str(Path(path).relative_to(tree))][line].update(tests)
    return Coverage(lines, seconds)


def git(tree: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", tree, *words], capture_output=True, text=True, check=True
    ).stdout


def list_changed(tree: Path, branch: str) -> dict[str, set[int]]:
    """Return the lines of the packages that changed since a branch: file -> lines."""
    changed, file = defaultdict[str, set[int]](set), ""
    base = git(HERE.parent, "merge-base", branch, "HEAD").strip()
    for line in git(tree, "diff", "-U0", base, "HEAD", "--", *PACKAGES).splitlines():
        if line.startswith("+++ "):
            file = line.removeprefix("+++ b/")
        elif line.startswith("@@") and file.endswith(".py"):
            first, _, count = line.split()[2].removeprefix("+").partition(",")
            changed[file] |= {*range(int(first), int(first) + int(count or 1))}
    return changed


def describe(file: str, statement: CodeStatement) -> dict[str, Any]:
    """Return what finds a statement again in a later version of its file."""
    place = {"file": file, "scope": statement.scope}
    return place | {"statement": statement.head, "nth": statement.nth}


def draw_mutants(
    tree: Path, cover: Coverage, seed: int, count: int, changed: dict[str, set[int]] | None
) -> list[dict[str, Any]]:
    """Return mutants of statements that tests run, drawn by a seed, as rows of the list."""
    rng, pool = random.Random(seed), list[tuple[str, int]]()
    trees = {file: ast.parse((tree / file).read_text()) for file in sorted(cover.lines)}
    listed = {file: list_statements(module) for file, module in trees.items()}
    for file, statements in listed.items():
        for at, statement in enumerate(statements):
            if any(cover.lines[file].get(line) for line in statement.lines) and (
                changed is None or changed.get(file, set()) & {*statement.lines}
            ):
                pool.append((file, at))
    rng.shuffle(pool)
    mutants, counts = list[dict[str, Any]](), Counter[str]()
    for file, at in pool:
        if len(mutants) == count or (changed is not None and counts[file] == OF_A_FILE):
            continue
        faults = [*list_faults(trees[file], listed[file][at], changed is not None)]
        if faults:
            kind = rng.choice(sorted({fault.kind for fault in faults}))
            fault = rng.choice([x for x in faults if x.kind == kind])
            counts[file] += 1
            row = {"id": len(mutants) + 1, "room": room_of(file)}
            row |= describe(file, listed[file][at])
            mutants.append(row | {"kind": kind, "mutant": fault.head})
    return mutants


def find_mutant(tree: Path, cover: Coverage, mutant: dict[str, Any]) -> dict[str, Any] | None:
    """Return a mutant's source, line and tests; None if its statement is gone."""
    file = mutant["file"]
    if not (path := tree / file).exists():
        return None
    module = ast.parse(path.read_text())
    for statement in list_statements(module):
        place = describe(file, statement)
        if all(mutant[name] == place[name] for name in place):
            break
    else:
        return None
    faults = list_faults(module, statement)
    key = mutant["kind"], mutant["mutant"]
    fault = next((x for x in faults if (x.kind, x.head) == key), None)
    if fault is None:
        return None
    tests = order_tests(cover, file, statement, mutant["room"])
    place = {"line": statement.node.lineno, "inside": statement.inside}
    return {"id": mutant["id"], "file": file, "source": fault.source, "tests": tests} | place


def order_tests(cover: Coverage, file: str, statement: CodeStatement, room: str) -> list[str]:
    """Return the tests that may find a fault of a statement, those of its room first.

    What a fixture or a cache runs is of the first test that asks for it, so that of a room the
    other tests of the same files follow. A statement of a module's body is tried with all tests of
    its room.
    """
    lines = cover.lines[file]
    tests = set[str]().union(*(lines.get(line, ()) for line in statement.lines))
    if not statement.inside or tests == {""}:
        of_room = {x for x in cover.seconds if room_of(x.partition("::")[0]) == room}
        tests = of_room.union(*lines.values())
    by_room = defaultdict[str, list[str]](list)
    for test in sorted(tests - {""}, key=lambda test: cover.seconds.get(test, 0.0)):
        by_room[room_of(test.partition("::")[0])].append(test)
    tests_of_room = dict.fromkeys(by_room.pop(room, []))
    files = {test.partition("::")[0] for test in tests_of_room}
    tests_of_room |= dict.fromkeys(x for x in cover.seconds if x.partition("::")[0] in files)
    return [*tests_of_room, *(x for listed in by_room.values() for x in listed[:OF_OTHERS])]


def run_mutants(trees: list[Path], specs: list[dict[str, Any]], results: Path) -> None:
    """Try mutants in several processes, which append their results to a file."""
    running = []
    for k, tree in enumerate(trees):
        job = {"mutants": specs[k :: len(trees)], "tree": str(tree), "marks": MARKS}
        file = tree.parent / f"{tree.name}.json"
        file.write_text(json.dumps(job | {"out": str(results)}))
        running.append(start_pytest(tree, [], FORKING_SPECS=file))
    wait_for(trees, running)


def wait_for(trees: list[Path], running: list[subprocess.Popen[bytes]]) -> None:
    """Wait for pytest in each clone; a test that fails without a mutant finds none, and is told."""
    for tree, process in zip(trees, running, strict=True):
        code, output = process.wait(), (tree.parent / f"{tree.name}.txt").read_text()
        if code not in (0, 1):
            sys.exit(output[-3000:])
        failed = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
        print(*failed, sep="\n", end="\n" * bool(failed), flush=True)


def write_shares(mutants: list[dict[str, Any]], results: dict[int, dict[str, Any]]) -> list[str]:
    """Return a table of the shares found, by room."""
    counts = defaultdict[str, Counter[str]](Counter)
    for mutant in mutants:
        if (row := results.get(mutant["id"])) is not None:
            file, is_test, _ = row["found"].partition("::")
            # A package that cannot be imported, or a process that ends, is of no test.
            in_room = bool(file) and (not is_test or room_of(file) == mutant["room"])
            for room in (mutant["room"], "all"):
                counts[room].update(mutants=1, in_room=int(in_room), found=int(bool(file)))
    lines = ["| room | mutants | found by its tests | by all | share |", "|---|---|---|---|---|"]
    for room, of in sorted(counts.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        share = of["found"] / of["mutants"]
        lines.append(
            f"| {room} | {of['mutants']} | {of['in_room']} | {of['found']} | {share:.2f} |"
        )
    return lines


def read_rows(file: Path) -> Iterable[dict[str, Any]]:
    return map(json.loads, file.read_text().splitlines() if file.exists() else ())


def main() -> None:
    """Draw mutants, or read them, and try those without a result."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=250, help="mutants of a sample")
    parser.add_argument("--diff", metavar="BRANCH", help="mutate what changed since a branch")
    parser.add_argument("--list", type=Path, metavar="FILE", help="mutants of an earlier run")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path("build/mutants"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trees = [Path(folder, f"tree{k}") for k in range(options.workers)]
        for tree in trees:
            subprocess.run(["git", "clone", "-q", HERE.parent, tree], check=True)
        commit = git(trees[0], "rev-parse", "HEAD^{tree}")[:12]
        drawn = options.list.stem if options.list else options.diff or f"seed-{options.seed}"
        out = options.out.absolute() / commit / drawn.replace("/", "-")
        out.mkdir(parents=True, exist_ok=True)
        cover = measure_coverage(trees, out.parent / "coverage")
        listed, results = out / "mutants.json", out / "results.jsonl"
        if options.list or listed.exists():
            mutants = json.loads((options.list or listed).read_text())
        else:
            changed = list_changed(trees[0], options.diff) if options.diff else None
            mutants = draw_mutants(trees[0], cover, options.seed, options.count, changed)
        listed.write_text(json.dumps(mutants, indent=1))
        done = {row["id"] for row in read_rows(results)}
        specs = [find_mutant(trees[0], cover, x) for x in mutants if x["id"] not in done]
        run_mutants(trees, [x for x in specs if x is not None], results)
    rows = {row["id"]: row for row in read_rows(results)}
    for mutant in mutants:
        if mutant["id"] in rows and not rows[mutant["id"]]["found"]:
            print(f"lives: {mutant['file']}, {mutant['scope']}: {mutant['statement']}")
            print(f"    {mutant['kind']}: {mutant['mutant']}")
    print(f"{len(mutants) - len(rows)} of {len(mutants)} mutants have lost their statement")
    lines = write_shares(mutants, rows)
    print(*lines, sep="\n")
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        Path(page).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
