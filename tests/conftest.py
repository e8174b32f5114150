"""Shared by all tests."""

import ast
import gc
import os
import shlex
import sys
import time
import zlib
from functools import cache
from itertools import chain, combinations
from pathlib import Path

import gymnasium
import hypothesis
import pytest

import mesa_gym.traps

# Assertions of shared code show their values too.
pytest.register_assert_rewrite("tests.support")

# A busy machine must not decide: neither by a deadline nor by how fast examples are made.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")

ROOT = Path(__file__).parents[1]
BEGAN = time.monotonic()
# `agents.compiling` reads this when it is imported, before any fixture: the programs that tests
# compile are kept from run to run, beside the user's own and never among them.
os.environ["MESA_GYM_CACHE"] = str(ROOT / ".pytest_cache" / "mesa_gym")
# What a checkout has and an installed core lacks, and what comes with an extra of training.
BEYOND_CORE = {"agents", "benchmarks", "docs", "jax", "playwright", "sb3_contrib"}
BEYOND_CORE |= {"onnx", "stable_baselines3", "torch", "trove_classifiers"}


def pytest_addoption(parser):
    parser.addoption("--core", action="store_true", help="without files that import more than core")
    parser.addoption("--turn", default="", help="2/3 runs the second third of the tests")
    parser.addoption("--minutes", type=float, default=0.0, help="start no test after so long")


def pytest_ignore_collect(collection_path, config):
    """Leave out, with ``--core``, files that need a checkout, training or a browser."""
    if config.getoption("--core") and collection_path.name.startswith("test_"):
        return needs_more(collection_path) or None
    return None


@cache
def needs_more(path):
    """Return whether a file imports more than the core, itself or by a module of tests."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.partition(".")[0] in BEYOND_CORE:
                return True
            file = ROOT / f"{name.replace('.', '/')}.py"
            if name.startswith("tests.") and file.exists() and needs_more(file):
                return True
    return False


def read_turn(text):
    """Return the part and the number of parts of ``--turn``, such as 2/3."""
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise pytest.UsageError(f"--turn is {text}; expected PART/PARTS, such as 2/3")
    return int(part), int(parts)


def share_of(item):
    """Return the name of the tests that share what they prepare: of a file, for one parameter."""
    call = getattr(item, "callspec", None)
    return f"{item.path.name}[{call.id}]" if call else item.nodeid


def order_of_today(item):
    """Return a test's place by the day, beside those that it shares with, and in its file."""
    from tests.support.parameters import DAY

    return [zlib.crc32(f"{DAY} {x}".encode()) for x in (item.path, share_of(item))]


def pytest_collection_modifyitems(config, items):
    """Keep one part of the tests; a test is in the same part whatever tests there are besides.

    If time may end before the tests, the last ones are others each day.
    """
    if turn := config.getoption("--turn"):
        part, parts = read_turn(turn)
        kept = [x for x in items if zlib.crc32(share_of(x).encode()) % parts == part - 1]
        config.hook.pytest_deselected(items=[x for x in items if x not in kept])
        items[:] = kept
    if config.getoption("--minutes"):
        items.sort(key=order_of_today)


def pytest_runtest_setup(item):
    """Start no test after ``--minutes``, so that a busy machine ends with a list of the rest."""
    minutes = item.config.getoption("--minutes")
    if minutes and time.monotonic() - BEGAN > 60 * minutes:
        pytest.skip(f"more than {minutes:g} minutes have passed")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    """End with how to run one of the failed tests, which are listed above it, again."""
    result = yield
    failed = [
        report.nodeid
        for kind in ("failed", "error")
        for report in terminalreporter.stats.get(kind, [])
    ]
    if failed:
        python = os.path.relpath(sys.executable)
        terminalreporter.write_line(
            f"Run one again: {python} -m pytest -m '' {shlex.quote(failed[0])}"
        )
    return result


class MarkNames(dict):
    """The names in an expression of ``-m``: whether a test has the mark."""

    def __missing__(self, name):
        return False


@cache
def excludes(expression, names):
    """Return whether an expression of ``-m`` leaves out a test with marks of these names."""
    return not eval(expression, {"__builtins__": {}}, MarkNames.fromkeys(names, True))


@cache
def always_excludes(expression, names):
    """Return whether it leaves out the test with any marks that its parameters may add."""
    named = compile(expression, "-m", "eval").co_names
    adds = chain.from_iterable(combinations(named, count) for count in range(len(named) + 1))
    return all(excludes(expression, names.union(more)) for more in adds)


def is_left_out(config, marks, by=excludes):
    """Return whether ``-m`` leaves out a test with these marks, unless tests are named by ::."""
    if not config.option.markexpr or any("::" in str(x) for x in config.args):
        return False
    return by(config.option.markexpr, frozenset(mark.name for mark in marks))


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector, name, obj):
    """Collect no test that ``-m`` leaves out: half of all tests, in each process."""
    marks = getattr(obj, "pytestmark", None)
    if not marks or not collector.istestfunction(obj, name):
        return None
    marks = [*marks, *collector.iter_markers()]
    return [] if is_left_out(collector.config, marks, always_excludes) else None


@pytest.hookimpl(wrapper=True)
def pytest_generate_tests(metafunc):
    """Make no test of parameters that ``-m`` leaves out; pytest deselects the last one itself."""
    result = yield
    marks = [*metafunc.definition.iter_markers()]
    kept = [x for x in metafunc._calls if not is_left_out(metafunc.config, [*marks, *x.marks])]
    metafunc._calls[:] = kept or metafunc._calls[:1]
    return result


def pytest_collection_finish():
    """Leave what is imported and collected out of garbage collections, and collect less often."""
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(autouse=True, scope="session")
def _values_are_kept_apart(tmp_path_factory):
    """Level values are computed by the code under test, never taken from the user's cache.

    SB3's folders of logs go to the test's folder, not to the system's temporary folder.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESA_GYM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SB3_LOGDIR", str(tmp_path_factory.mktemp("sb3")))
        yield


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; without it, or without Playwright, the test is skipped."""
    from tests.support.browsing import ARGUMENTS, CHROMIUM, NAMES, sync_api

    if CHROMIUM is None:
        pytest.skip(f"no browser is installed; expected one of {', '.join(NAMES)}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _files_of_a_test_are_forgotten(tmp_path_factory):
    """A module of a test's folder leaves with the test: the next one may have the same name."""
    before = set(sys.modules)
    yield
    folder = str(tmp_path_factory.getbasetemp())
    for name in sys.modules.keys() - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder):
            del sys.modules[name]


@pytest.fixture
def registry(monkeypatch):
    """Undo what a test registers; a module that did so may be imported again."""
    monkeypatch.setattr(mesa_gym.traps, "_registered", {})
    ids, modules = set(gymnasium.registry), set(sys.modules)
    yield
    for id in set(gymnasium.registry) - ids:
        del gymnasium.registry[id]
    for trap in mesa_gym.traps._registered.values():
        if trap.__module__ not in modules:
            sys.modules.pop(trap.__module__, None)


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    """Run a command in an empty folder; return its exit code and standard error."""
    from mesa_gym.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(command):
        capfd.readouterr()
        try:
            code = main(shlex.split(command))
        except SystemExit as stop:
            code = int(str(stop.code))
        return code, capfd.readouterr().err

    return run


@pytest.fixture
def drive():
    """Makes drivers of the viewer, and closes them; without pygame the test is skipped."""
    from tests.support.viewing import Driver, session

    drivers = []

    def make(watched=None, **keywords):
        drivers.append(Driver(watched or session(), **keywords))
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.close()


@pytest.fixture(autouse=True)
def _process_stays_as_it_is(_values_are_kept_apart):
    """A test that leaves variables or another folder behind changes those that run after it."""
    folder, before = os.getcwd(), dict(os.environ)
    yield
    after = dict(os.environ)
    # Libraries set variables of their own when they are imported: torch, tensorflow, pygame.
    added = {x for x in after.keys() - before.keys() if not x.startswith(("PYTHON", "MESA_GYM"))}
    ignored = added | {"PYTEST_CURRENT_TEST"}
    changed = {x for x in after.keys() | before.keys() if after.get(x) != before.get(x)}
    assert (os.getcwd(), changed - ignored) == (folder, set())
