"""A locked child: what hostile code tries in it, really, and that the same succeeds outside."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import attacks
import numpy as np
import pytest
from submitted import CORNER, SHAPE, ask, code

from benchmarks.isolation import process, syscalls
from benchmarks.isolation.loading import Settings
from benchmarks.isolation.policy import Isolated
from mesa_gym.engine import State
from mesa_gym.scoring import rollout
from mesa_gym.traps import Split, find_trap

NAMES = [attack.__name__ for attack in attacks.ATTACKS]
SECRET = "salt-7f3a"
BENCHMARKS = Path(process.__file__).parents[1]


# -- attacks that a child survives: one child tries them all ---------------------------------------


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


# As if the kernel were of 2022: its Landlock knows no right to truncate.
CAPPED = "from benchmarks.isolation import landlock; landlock.version = lambda: 2; "


@pytest.fixture(scope="module", params=["newest", 2])
def tried(request, tmp_path_factory: pytest.TempPathFactory):
    """Attack -> whether it succeeded, in a locked child and in a process without locks."""
    folder = tmp_path_factory.mktemp("evaluator")
    submitted = folder / "submission"
    submitted.mkdir()
    for name in ("salt", "card.json", "old.json", "submission/kept"):
        (folder / name).write_text(SECRET)
    shutil.copy(attacks.__file__, submitted)
    (submitted / "link").symlink_to(folder / "salt")
    known = ctypes.create_string_buffer(SECRET.encode())
    with open(folder / "salt") as opened, socket.create_server(("127.0.0.1", 0)) as server:
        target = {
            "forks": 100,
            "port": server.getsockname()[1],
            "address": ctypes.addressof(known),
            "benchmarks": str(BENCHMARKS),
            "card": str(next(BENCHMARKS.glob("results/cards/*/*.json"))),
            "known": SECRET,
            "handle": opened.fileno(),
            "inode": os.fstat(opened.fileno()).st_ino,
            "secret": str(folder / "salt"),
        }
        (submitted / "target.json").write_text(json.dumps(target))
        os.set_inheritable(opened.fileno(), True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MESA_GYM_SECRET", SECRET)
            if request.param == 2:
                started = process._MAIN.replace("from", f"{CAPPED}from", 1)
                patch.setattr(process, "_MAIN", started)
            file = str(submitted / "attacks.py")
            settings = Settings(CORNER, "code", file=file, factory="make")
            with Isolated(settings, readable=[submitted]) as policy:
                before = contents(folder)
                answer = policy.act(np.zeros((len(NAMES) + 1, *SHAPE), np.uint8))
            locked = dict(zip([*NAMES, "states"], answer.argmax(axis=1) == 1, strict=True))
            locked["changes"] = contents(folder) != before
            free = subprocess.run(
                [sys.executable, file], close_fds=False, stdout=subprocess.PIPE, check=True
            )
    return locked, json.loads(free.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_attack_is_stopped(name: str, tried) -> None:
    assert not tried[0][name]


@pytest.mark.parametrize("name", NAMES)
def test_attack_succeeds_where_nothing_stops_it(name: str, tried) -> None:
    """Else the test above would pass for a wrong reason."""
    if name.startswith("evaluators_memory") and not tried[1][name]:
        pytest.skip("this system does not let a process look into other processes")
    assert tried[1][name]


def test_no_file_is_made_changed_or_removed_and_no_state_found(tried) -> None:
    """Not even an empty file, by who then may not write to it."""
    assert not tried[0]["changes"]
    assert not tried[0]["states"]


def test_states_are_found_in_the_scorers_own_process() -> None:
    trap, seen = find_trap(CORNER)(), []

    class Looking:
        observation = "planes"

        def reset(self, mask, rng):
            pass

        def act(self, observation, state=None):
            seen.append(attacks.states_in_sight())
            return np.zeros(len(observation), dtype=np.int64)

    rollout(Looking(), trap, trap.levels(Split.TEST, np.arange(2)), 1)
    assert seen[0] > 0
    assert State.__name__ == "State"


EVERY_CALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *arguments):
    libc.syscall(number, *arguments)
    return ctypes.get_errno() == errno.EPERM
"""


def test_every_other_system_call_is_refused(tmp_path: Path) -> None:
    """Those that there are and those to come; also the allowed ones with other arguments."""
    _, place = syscalls.machine()
    calls = {**syscalls.FREELY, **syscalls.OPENING, **syscalls.WITH_ARGUMENTS}
    allowed = {numbers[place] for numbers in calls.values()}
    # The kernel answers uretprobe and uprobe itself, before any filter: with SIGILL.
    probes = {335, 336} if place == 0 else set()
    others = [number for number in range(600) if number not in allowed | probes]
    kill, clone_thread = calls["tgkill"][place], 0x10F00
    clone = (56, 220)[place]
    with code(
        tmp_path,
        f"bad = [n for n in {others} if not refused(n, 0, 0, 0, 0, 0, 0)]\n"
        f"bad += [] if refused({kill}, os.getppid(), os.getppid(), 0) else ['tgkill']\n"
        f"bad += [] if refused({clone}, {clone_thread}, 0, 0, 0, 0) else ['clone']\n"
        "assert not bad, bad\n"
        "return [2] * len(observation)",
        EVERY_CALL,
    ) as policy:
        assert ask(policy).argmax(axis=1).tolist() == [2, 2, 2]
    assert len(others) > 500


def test_what_computing_needs_still_works(tmp_path: Path) -> None:
    lines = """
import json, decimal, random, tempfile
values = np.linalg.svd(np.random.default_rng(0).normal(size=(60, 60)))[1]
assert json.loads(open(os.path.join(os.path.dirname(__file__), 'own.json')).read()) == 1
time.sleep(0.001)
return np.full((len(observation), 5), 0.2)"""
    (tmp_path / "own.json").write_text("1")
    with code(tmp_path, lines) as policy:
        assert ask(policy).tolist() == [[0.2] * 5] * 3
