"""Rooms: what a room may not do, what it leaves behind, and which code it runs."""

import os
import py_compile
import signal
import subprocess
import sys

import pytest
from submissions import ask, code

from benchmarks.rooms import scratch
from benchmarks.rooms.code import find_code
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
        answer: int = room.call("act", int)
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
        assert evaluator.stdout
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
