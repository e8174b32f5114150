"""Rooms: what one may not do, what it leaves behind, which code it runs, and imports none."""

import os
import py_compile
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from submissions import ask, code

from benchmarks.rooms import scratch
from benchmarks.rooms.code import Code, find_code, require_apart
from benchmarks.rooms.locks import ROOT
from benchmarks.rooms.room import Rooms
from benchmarks.rooms.scratch import ScratchHome
from mesa_gym.errors import PolicyError


@pytest.fixture(scope="module")
def rooms():
    with Rooms("tests.support.telling_room") as made:
        yield made


def test_a_room_cannot_call_while_it_is_called(tmp_path, rooms):
    """A label is counted at its end: one that is asked for within it would be free."""
    given = []

    def play():
        given.append(1)
        answer = room.call("act", int)
        return answer

    told = pytest.raises(PolicyError, match="mine: it called 'play' while it was to answer")
    with rooms.open("mine", terms="again", served={"play": play}) as room, told:
        room.call("adapt", int)
    with rooms.open("mine", terms="once", served={"play": play}) as room:
        assert room.call("adapt", int) == 5
    assert len(given) == 2


def test_a_wrong_call_is_the_rooms_error(tmp_path, rooms):
    def play(starts):
        return 5

    with rooms.open("mine", terms="once", served={"play": play}) as room:
        with pytest.raises(PolicyError, match="mine: it raised ValueError: play: Expected `array`"):
            room.call("adapt", int)
        with pytest.raises(PolicyError, match="it has failed before"):
            room.call("adapt", int)


def test_what_fails_here_is_not_the_rooms_error(rooms):
    def play():
        raise KeyError

    with rooms.open("mine", terms="once", served={"play": play}) as room, pytest.raises(KeyError):
        room.call("adapt", int)


def test_an_answer_of_another_type_is_an_error(rooms):
    for hint, told in ((str, "Expected `str`, got `int`"), (list[bytes], "Expected `array`")):
        raises = pytest.raises(PolicyError, match=rf"adapt\(\) gave something else: {told}")
        with rooms.open("mine", terms="once", served={"play": lambda: 1}) as room, raises:
            room.call("adapt", hint)


@pytest.mark.parametrize("compiled", ["__pycache__/helper.{tag}.pyc", "helper.pyc", "other.pyc"])
def test_a_package_is_its_sources_alone(compiled, tmp_path, rooms):
    """The code that is read is the code that runs, whatever a cache beside it says."""
    folder = tmp_path / "mine"
    path = folder / compiled.format(tag=sys.implementation.cache_tag)
    path.parent.mkdir(parents=True)
    name = path.name.partition(".")[0]
    (folder / "__init__.py").write_text(f"from .{name} import Mine")
    source = folder / f"{name}.py"
    source.write_text("class Mine: word = 'evil'  ")
    py_compile.compile(str(source), str(path), doraise=True)
    kept = source.stat()
    source.write_text("class Mine: word = 'honest'")
    os.utime(source, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    if name == "other":
        source.unlink()
    with rooms.open("mine", find_code(f"{folder}:Mine")) as room:
        if name == "other":
            with pytest.raises(PolicyError, match=r"No module named 'mine\.other'"):
                room.call("tell", str)
        else:
            assert room.call("tell", str) == "honest"


def test_folders_of_a_killed_evaluator_are_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = (
        "from benchmarks.rooms.scratch import ScratchHome\nhome = ScratchHome()\n"
        "(home.make() / 'x').write_text('x')\nprint(flush=True)\ninput()"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdin=pipe, stdout=pipe
    ) as evaluator:
        evaluator.stdout.readline()
        (stale,) = tmp_path.iterdir()
        other = ScratchHome()
        assert {*tmp_path.iterdir()} == {stale, other.folder}  # both live
        evaluator.send_signal(signal.SIGKILL)
    scratch.remove_stale()
    assert [*tmp_path.iterdir()] == [other.folder]
    (other.make() / "x").touch()
    other.close()
    assert not [*tmp_path.iterdir()]


def test_a_folder_of_anothers_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mesa-gym-rooms-link").symlink_to("elsewhere")
    (tmp_path / "mesa-gym-rooms-theirs").mkdir()
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    scratch.remove_stale()
    assert len([*tmp_path.iterdir()]) == 3


def test_telemetry_is_off(tmp_path):
    with code(tmp_path, "return [int(os.environ['ORT_DISABLE_TELEMETRY'])] * 3") as policy:
        assert ask(policy).argmax(axis=1).tolist() == [1, 1, 1]


# Runs where a module of the standard library is looked for, and says in which process.
SECRETS = "import os; open({!r}, 'a').write(str(os.getpid()))\nraise SystemExit('secrets ran')"
# Of each part that takes files of strangers, as its page gives it.
COMMANDS = {
    "audit": ["audit", "rerun", "mine.py:Mine", "--populations", "nowhere"],
    "track": ["track", "rerun", "mine.py:Mine", "--tasks", "CheeseDish", "--levels", "0"],
    "submit": ["submit", "run", "."],
}


@pytest.mark.thorough
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_beside_a_strangers_file_is_imported(command, tmp_path):
    marker, folder = tmp_path / "ran", tmp_path / "stranger"
    folder.mkdir()
    (folder / "mine.py").write_text(SECRETS.format(str(marker)))
    (folder / "secrets.py").write_text(SECRETS.format(str(marker)))
    words = [sys.executable, "-m", "benchmarks", *COMMANDS[command]]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(words, cwd=folder, env=environment).returncode == 2
    assert not marker.exists()


@pytest.mark.thorough
def test_nor_by_processes_that_the_evaluator_starts(tmp_path):
    """Units are done in processes of their own, which begin in the same working folder."""
    (tmp_path / "secrets.py").write_text(SECRETS.format(str(tmp_path / "ran")))
    script = "import runpy, subprocess, sys\nsys.argv = ['benchmarks', '--help']\n"
    script += "try: runpy.run_module('benchmarks', run_name='__main__')\nexcept SystemExit: pass\n"
    script += "subprocess.run([sys.executable, '-c', 'import secrets, benchmarks'], check=True)"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("entry", ["{}", ""])
@pytest.mark.parametrize("place", ["mine.py", "methods/mine.py", "methods", "."])
def test_code_below_a_folder_of_the_path_is_refused(place, entry, tmp_path, monkeypatch):
    """As of a stranger's checkout; the working folder is one where the path says so."""
    (tmp_path / "methods").mkdir()
    for file in ("mine.py", "__init__.py", "methods/mine.py", "methods/__init__.py"):
        (tmp_path / file).write_text("class Mine: pass")
    monkeypatch.setattr(sys, "path", [entry.format(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    told = "is on Python's path, so that the evaluator .* put it into a folder of its own"
    with pytest.raises(ValueError, match=told):
        find_code(f"{tmp_path / place}:Mine")


def test_a_folder_of_this_checkout_is_ours():
    file = str(ROOT / "benchmarks" / "audit" / "baselines.py")
    assert find_code(f"{file}:MeanShare") == Code("baselines", "MeanShare", file, (file,))
    with pytest.raises(ValueError, match="put it into a folder of its own"):
        require_apart(ROOT / "mine.py")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("nowhere.py:Mine", "nowhere.py does not exist"),
        ("Mine", "expected FILE.py:Class"),
        (f"{Path(__file__).parent}:Mine", "__init__.py does not exist"),
        (f"{__file__}:a b", "expected FILE.py:Class"),
        ("/etc/passwd:Mine", "with its __init__.py"),
    ],
)
def test_code_that_is_not_there(place, told):
    with pytest.raises(ValueError, match=told):
        find_code(place)
