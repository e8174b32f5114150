"""A locked child: what it is shown; what hostile code tries in it, and that it succeeds outside."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import attacks
import numpy as np
import pytest
from graphs import CELLS, CORNER, SHAPE, counting, linear
from submissions import ask, code, code_child, opened

from benchmarks.rooms import locks
from benchmarks.rooms.locks import ROOT
from mesa_gym.envs.observations import make_observation
from mesa_gym.scoring import rollout
from mesa_gym.scoring.record import ENDED
from mesa_gym.scoring.rollout import follow
from mesa_gym.traps import Split, find_trap

SECRET = "salt-7f3a"
BENCHMARKS = ROOT / "benchmarks"


def contents(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture(scope="module", params=["code_room", "code_room_of_2022"])
def tried(request, tmp_path_factory):
    """Attack -> whether it succeeded, in one locked child and in a process without locks."""
    folder = tmp_path_factory.mktemp("evaluator")
    submitted = folder / "submission"
    submitted.mkdir()
    for name in ("salt", "card.json", "old.json", "submission/kept"):
        (folder / name).write_text(SECRET)
    file = shutil.copy(attacks.__file__, submitted)
    (submitted / "link").symlink_to(folder / "salt")
    known = ctypes.create_string_buffer(SECRET.encode())
    with open(folder / "salt") as opened, socket.create_server(("127.0.0.1", 0)) as server:
        target = {
            "forks": 100,
            "port": server.getsockname()[1],
            "address": ctypes.addressof(known),
            "benchmarks": str(BENCHMARKS),
            "card": str(BENCHMARKS / "results" / "methods" / "seeds.jsonl"),
            "known": SECRET,
            "handle": opened.fileno(),
            "inode": os.fstat(opened.fileno()).st_ino,
            "secret": str(folder / "salt"),
        }
        (submitted / "target.json").write_text(json.dumps(target))
        os.set_inheritable(opened.fileno(), True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MESA_GYM_SECRET", SECRET)
            with code_child(Path(file), module=request.param) as policy:
                before = contents(folder)
                answer = policy.act(np.zeros((len(attacks.ATTACKS) + 1, *SHAPE), np.uint8))
            succeeded = (answer.argmax(axis=1) == 1).tolist()
            locked = dict(zip([*attacks.ATTACKS, "states"], succeeded, strict=True))
            locked["changes"] = contents(folder) != before
            free = subprocess.run(
                [sys.executable, file], close_fds=False, stdout=subprocess.PIPE, check=True
            )
    return locked, json.loads(free.stdout)


@pytest.mark.parametrize("name", attacks.ATTACKS)
def test_attack_is_stopped(name, tried):
    assert not tried[0][name]


@pytest.mark.parametrize("name", attacks.ATTACKS)
def test_attack_succeeds_where_nothing_stops_it(name, tried):
    """Else the test above would pass for a wrong reason."""
    if name.startswith("evaluators_memory") and not tried[1][name]:
        pytest.skip("this system does not let a process look into other processes")
    assert tried[1][name]


def test_no_file_is_made_changed_or_removed_and_no_state_found(tried):
    """Not even an empty file, by who then may not write to it."""
    assert not tried[0]["changes"]
    assert not tried[0]["states"]


def test_states_are_found_in_the_scorers_own_process():
    trap, seen = find_trap(CORNER)(), []

    def act(observation, state=None):
        seen.append(attacks.states_in_sight())
        return np.zeros(len(observation), dtype=np.int64)

    looking = SimpleNamespace(observation="planes", reset=lambda mask, rng: None, act=act)
    rollout(looking, trap, trap.levels(Split.TEST, np.arange(2)), 1)
    assert seen[0] > 0


@pytest.mark.thorough
def test_episodes_that_have_ended_show_their_last_picture(monkeypatch):
    """Not their start, which would tell how long they were; some end sooner than others."""
    trap, shown = find_trap(CORNER)(), []
    starts = trap.levels(Split.TEST, np.arange(40))
    seen = make_observation(trap, "planes")
    graph = linear(np.zeros((CELLS, 5)))
    with opened(graph) as policy:
        call = policy.room.call

        def note(name, *rest):
            if name == "act":
                shown.append(rest[-1])
            return call(name, *rest)

        monkeypatch.setattr(policy.room, "call", note)
        for _ in range(2):  # nor does anything of it last
            shown.clear()
            actions = rollout(policy, trap, starts, trap.horizon(Split.TEST)).actions
            expected = seen.encode(starts)
            for step in follow(trap, starts, actions):
                expected[step.rows] = seen.encode(step.state)
                np.testing.assert_array_equal(shown[step.t], expected)
    assert 4 < len(set((actions != ENDED).sum(axis=1))) <= 40
    assert len(shown) > 20


@pytest.mark.thorough
def test_states_are_kept_in_the_child_and_zeroed_for_rows_that_begin():
    rng = np.random.default_rng(0)
    seen, count = np.zeros((100, *SHAPE), np.uint8), np.zeros(100, np.int64)
    with opened(counting()) as policy:
        for begins in (np.ones(100, np.bool_), *(rng.random((5, 100)) < 0.3)):
            policy.reset(begins, rng)
            count[begins] = 0
            np.testing.assert_array_equal(policy.act(seen).argmax(axis=1), count % 5)
            count += 1


@pytest.mark.slow
def test_the_default_memory_is_enough_for_code_with_torch(tmp_path):
    file = tmp_path / "agent.py"
    file.write_text(
        "import torch\ndef make(trap):\n    def act(seen):\n        torch.zeros(64, 1 << 20)\n"
        "        return [4] * len(seen)\n    return act\n"
    )
    with code_child(file) as policy:
        assert ask(policy).argmax(axis=1).tolist() == [4, 4, 4]


EVERY_CALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *arguments):
    libc.syscall(number, *arguments)
    return ctypes.get_errno() == errno.EPERM
"""


def test_every_other_system_call_is_refused(tmp_path):
    """Those that there are and those to come; also the allowed ones with other arguments."""
    _, place = locks.find_machine()
    calls = {**locks.FREELY, **locks.OPENING, **locks.WITH_ARGUMENTS}
    allowed = {numbers[place] for numbers in calls.values()}
    # The kernel answers uretprobe and uprobe itself, before any filter: with SIGILL.
    probes = {335, 336} if place == 0 else set()
    others = [number for number in range(600) if number not in allowed | probes]
    assert len(others) > 500
    clone, clone_thread = (56, 220)[place], 0x10F00
    acts = f"""
assert all(refused(n, 0, 0, 0, 0, 0, 0) for n in {others})
assert refused({calls["tgkill"][place]}, os.getppid(), os.getppid(), 0)
assert refused({clone}, {clone_thread}, 0, 0, 0, 0)
return [2] * len(observation)"""
    with code(tmp_path, acts, EVERY_CALL) as policy:
        assert ask(policy).argmax(axis=1).tolist() == [2, 2, 2]
