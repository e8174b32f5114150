"""A plugin of pytest: measures which tests run a line, or plants mutants in forks of itself.

With ``FORKING_COVER=FILE`` it writes which tests run which line, and how long each takes. With
``FORKING_SPECS=FILE`` it collects the tests once. Then, for each mutant of that file, a fork puts
the changed code into the living functions, and runs the mutant's tests until one fails. Meanwhile
the changed source is on disk too, for modules that are imported late and for other processes.
A test finds a mutant only if it passes on a harmless change: some tests compare a module's bytes.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

TEST_SECONDS = 60  # of CPU; a fast test takes half a second
WAIT_SECONDS = 900  # for a fork that neither works nor ends
HARMLESS = "\n0\n"


# -- which tests run a line ------------------------------------------------------------------------
class Cover:
    """Measures the lines that each test runs."""

    def __init__(self, file: Path) -> None:
        import coverage

        self.file, self.seconds = file, dict[str, float]()
        tree = [str(Path.cwd() / package / "*") for package in ("mesa_gym", "agents")]
        self.measured = coverage.Coverage(file, include=tree)
        self.measured.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measured.switch_context(item.nodeid)
        began = time.process_time()
        result = yield
        self.seconds[item.nodeid] = time.process_time() - began
        self.measured.switch_context("")
        return result

    def pytest_unconfigure(self) -> None:
        self.measured.stop()
        self.measured.save()
        self.file.with_suffix(".json").write_text(json.dumps(self.seconds))


# -- forks -----------------------------------------------------------------------------------------
def pair_code(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield the code of each function of a module with its code in another version of it."""
    yield old, new
    inner: list[dict[str, list[CodeType]]] = [{}, {}]
    for names, code in zip(inner, (old, new), strict=True):
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                names.setdefault(constant.co_name, []).append(constant)
    for name, codes in inner[0].items():
        new_codes = inner[1].get(name, [])
        if len(codes) == len(new_codes):
            for pair in zip(codes, new_codes, strict=True):
                yield from pair_code(*pair)


def plant(path: Path, old: str, new: str) -> int:
    """Give the living functions of a module the code of a changed source; return how many.

    A function is known by its name and line, and by its bytes where a line has several lambdas.
    """
    pairs: dict[tuple[str, int], list[tuple[CodeType, CodeType]]] = {}
    for code, other in pair_code(compile(old, path, "exec"), compile(new, path, "exec")):
        pairs.setdefault((code.co_qualname, code.co_firstlineno), []).append((code, other))
    count = 0
    for function in gc.get_objects():
        if type(function) is not FunctionType or function.__code__.co_filename != str(path):
            continue
        living = function.__code__
        of_line = pairs.get((living.co_qualname, living.co_firstlineno), [])
        same = [pair for pair in of_line if pair[0].co_code == living.co_code]
        for _, code in (same or of_line)[:1]:
            if code.co_freevars == living.co_freevars:
                function.__code__ = code
                count += 1
    return count


class Forks:
    """Runs the tests of each mutant in a fork."""

    def __init__(self, specs: Path) -> None:
        job = json.loads(specs.read_text())
        self.mutants, self.tree = job["mutants"], Path(job["tree"])
        self.out, self.marks = Path(job["out"]), job["marks"]
        self.failed = ""
        self.fit = dict[tuple[str, str], bool]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()
        for mutant in self.mutants:
            began = time.monotonic()
            outcome = self.try_mutant(mutant)
            row = {"id": mutant["id"], **outcome, "seconds": round(time.monotonic() - began, 1)}
            with self.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
        return True

    def try_mutant(self, mutant: dict[str, Any]) -> dict[str, Any]:
        """Return how a mutant ended: the test that finds it, or that it lives."""
        file, cpu = mutant["file"], 0.0
        run = self.run_fork if mutant["inside"] else self.run_fresh
        tests = [x for x in mutant["tests"] if self.fit.get((x, file), True)]
        while True:
            outcome = run(file, mutant["source"], tests)
            cpu += outcome["cpu"]
            test = outcome["found"]
            if not test or test not in self.items or self.is_fit(test, file):
                return outcome | {"cpu": round(cpu, 1)}
            tests = [x for x in tests if self.fit.get((x, file), True)]

    def is_fit(self, test: str, file: str) -> bool:
        """Return whether a test passes after a harmless change of a file."""
        if (test, file) not in self.fit:
            source = (self.tree / file).read_text() + HARMLESS
            self.fit[test, file] = not self.run_fork(file, source, [test])["found"]
        return self.fit[test, file]

    def run_fork(self, file: str, source: str, tests: list[str]) -> dict[str, Any]:
        """Run tests in a fork with a changed file until one fails."""
        path = self.tree / file
        old, times = path.read_text(), path.stat()
        reading, writing = os.pipe()
        folder = Path(tempfile.mkdtemp(prefix="mutant"))
        path.write_text(source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forks with threads
            child = os.fork()
        if not child:
            os.setsid()
            self.run_child(writing, folder, path, old, source, tests)
        os.close(writing)
        lines = read_lines(reading)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # and what its tests left behind
        os.waitpid(child, 0)
        path.write_text(old)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        shutil.rmtree(folder, ignore_errors=True)
        if lines and lines[-1].startswith("{"):
            return json.loads(lines[-1])
        # A test that never ends, or that ends the process, finds the mutant too.
        return {"found": lines[-1] if lines else "the fork", "cpu": float(TEST_SECONDS)}

    def run_child(
        self, writing: int, folder: Path, path: Path, old: str, source: str, tests: list[str]
    ) -> None:
        """Plant a mutant in this process, and write each test's name before it runs."""
        items = [self.items[test] for test in tests if test in self.items]
        try:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            gc.unfreeze()
            plant(path, old, source)
            use_folder(items, folder)
            for item, after in zip(items, [*items[1:], None], strict=True):
                os.write(writing, f"{item.nodeid}\n".encode())
                # Counts the CPU seconds of this process from here on.
                signal.setitimer(signal.ITIMER_PROF, TEST_SECONDS)
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                if self.failed:
                    break
            signal.setitimer(signal.ITIMER_PROF, 0)
            times = os.times()
            cpu = round(times.user + times.system + times.children_user, 1)
            os.write(writing, json.dumps({"found": self.failed, "cpu": cpu}).encode())
        finally:
            os._exit(0)

    def run_fresh(self, file: str, source: str, tests: list[str]) -> dict[str, Any]:
        """Run tests in a new process, which imports a changed file, until one fails."""
        if not tests:
            return {"found": "", "cpu": 0.0}
        path = self.tree / file
        old, report = path.read_text(), Path(tempfile.mkdtemp(prefix="mutant")) / "report.txt"
        path.write_text(source)
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
        words += ["-m", self.marks, "-p", "forking", *tests]
        env = {x: y for x, y in os.environ.items() if x != "FORKING_SPECS"}
        env["FORKING_REPORT"] = str(report)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        try:
            done = subprocess.run(words, cwd=self.tree, env=env, capture_output=True, timeout=1800)
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = 1
        finally:
            path.write_text(old)
        test = report.read_text() if report.exists() else ""
        shutil.rmtree(report.parent)
        cpu = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, 1)
        return {"found": test or ("the import" if code not in (0, 5) else ""), "cpu": cpu}


class Report:
    """Writes the name of the first test that fails to a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.file.exists():
            self.file.write_text(report.nodeid)


def read_lines(reading: int) -> list[str]:
    """Return the lines that a fork writes until it ends, or has been silent for too long."""
    data = b""
    while True:
        ready, _, _ = select.select([reading], [], [], WAIT_SECONDS)
        chunk = os.read(reading, 65536) if ready else b""
        data += chunk
        if not chunk:
            os.close(reading)
            return data.decode().splitlines()


def use_folder(items: list[pytest.Item], folder: Path) -> None:
    """Let the tests of this process write into a folder of their own."""
    from hypothesis import configuration

    configuration.set_hypothesis_home_dir(folder / "hypothesis")
    for item in items[:1]:
        factory = item.config._tmp_path_factory
        factory._basetemp, factory._given_basetemp = None, folder / "tests"


def pytest_configure(config: pytest.Config) -> None:
    kinds = {"FORKING_SPECS": Forks, "FORKING_REPORT": Report}
    for name, kind in kinds.items():
        if name in os.environ:
            config.pluginmanager.register(kind(Path(os.environ[name])))
    if COVER:
        config.pluginmanager.register(COVER)


# It starts before conftest.py imports the packages.
COVER = Cover(Path(os.environ["FORKING_COVER"])) if "FORKING_COVER" in os.environ else None
