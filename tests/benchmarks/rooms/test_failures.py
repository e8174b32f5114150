"""A locked child that fails: it is named, ended in time, and its words are harmless."""

import pickle
import re
import time
from pathlib import Path

import pytest
from graphs import allocating, looping
from interrupting import require_death_with_parent
from parameters import thorough
from submissions import Bomb, ask, code, code_child, opened

from benchmarks.rooms import locks, messages
from benchmarks.rooms.room import Bounds, _frame
from benchmarks.submissions.scoring import make_rooms
from mesa_gym.errors import PolicyError

WRITE = "for pipe in range(3, 20):\n    try: os.write(pipe, {})\n    except OSError: pass\n"
CLOSES = "os.closerange(3, 20); time.sleep(9)"
FILLS = "while True: observation = [observation, bytearray(1 << 20)]"
NO_ANSWER = "it sent something that is not an answer"


def failure(folder, acts):
    """Return the message about a child whose ``act`` is made of these lines."""
    with code(folder, acts) as policy, pytest.raises(PolicyError) as caught:
        ask(policy)
    return str(caught.value)


@pytest.mark.parametrize(
    ("acts", "told"),
    [
        ("raise ValueError('no weights')", "it raised ValueError: no weights"),
        ("sys.exit()", "it raised SystemExit"),
        ("os._exit(3)", "it ended, with exit code 3"),
        ("os.abort()", "it was ended by the signal SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "it was ended by the signal SIGSEGV"),
        thorough(CLOSES, "it closed the pipe that it should answer"),
        ("return np.zeros((len(observation), 10**6), np.int8)", "it gave an array of shape"),
        ("np.ones(1 << 27)", "it raised MemoryError"),
        thorough(FILLS, "MemoryError"),
        ("return [[np.nan] * 5] * len(observation)", "it gave [nan nan nan nan nan] in row 0"),
        ("return [5] * len(observation)", "it chose action 5 in row 0"),
        ("return [0]", "it gave an array of shape (1,) and dtype int64; expected"),
        (WRITE.format("(2**62).to_bytes(8, 'little')") + "time.sleep(9)", NO_ANSWER),
        (WRITE.format("(3).to_bytes(8, 'little') + b'abc'") + "time.sleep(9)", NO_ANSWER),
    ],
)
def test_a_child_that_fails_is_an_error(acts, told, tmp_path):
    assert told in failure(tmp_path, acts).splitlines()[0]


def test_a_pickle_in_place_of_an_answer_is_not_loaded(tmp_path):
    marker = tmp_path / "marker"
    bomb = pickle.dumps(Bomb(marker))
    pickle.loads(bomb)
    marker.rmdir()  # it does go off
    frame = len(bomb).to_bytes(8, "little") + bomb
    assert NO_ANSWER in failure(tmp_path / "a", WRITE.format(repr(frame)) + "time.sleep(9)")
    assert not marker.exists()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "acts",
    [
        "while True: pass",
        "time.sleep(100)",
        "while True:\n    sys.stderr.write('x' * 10000)",
        "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n"
        "    except OSError: pass\nwhile True: pass",
    ],
)
def test_a_child_that_does_not_answer_is_ended(acts, tmp_path):
    with code(tmp_path, acts, answer_seconds=0.3) as policy:
        began = time.monotonic()
        with pytest.raises(PolicyError, match=r"no answer within 0\.3 s"):
            ask(policy)
        assert time.monotonic() - began < 3
        assert not Path("/proc", str(policy.room.child.number)).exists()


@pytest.mark.thorough
def test_the_time_of_all_answers_is_bounded(tmp_path):
    with code(tmp_path, "time.sleep(0.15)\nreturn [0] * len(observation)") as policy:
        policy.room._left = 0.4
        assert ask(policy).shape == (3, 5)
        policy.room._left = 0.1
        with pytest.raises(PolicyError, match=r"no answer within 0\.\d+ s"):
            ask(policy)
        with pytest.raises(PolicyError, match="it has failed before"):
            ask(policy)
    with code(tmp_path, "return [0] * len(observation)") as policy:
        policy.room._left = 0
        with pytest.raises(PolicyError, match="took longer than they may in all"):
            ask(policy)


@pytest.mark.thorough
def test_a_child_that_computes_unasked_is_ended_by_the_kernel(tmp_path, monkeypatch):
    """It gives an answer too soon, and computes on; its time is the kernel's to count."""
    monkeypatch.setattr("benchmarks.rooms.room.CPU_SECONDS", 1)
    ready = _frame(messages.encode_value("planes"))
    with code(tmp_path, "pass", f"{WRITE.format(ready)}\nwhile True: pass", seconds=0.5) as policy:
        assert policy.observation == "planes"
        time.sleep(2)
        policy.room._left = 20
        with pytest.raises(PolicyError, match="computed longer than it may"):
            ask(policy)


def test_what_it_writes_to_its_terminal_is_shown_short_and_harmless(tmp_path):
    acts = r"""
print('\x1b[2J\x1b]0;title\x07' + 'first' * 1000)
for i in range(3000): print('line', i, file=sys.stderr)
print('\x1b[31mlast\x9b \u202e words')
raise RuntimeError('\x1b[2J' * 500 + 'why')"""
    told = failure(tmp_path, acts)
    assert "last" in told
    assert all(line.isprintable() for line in told.split("\n"))
    assert (len(told) < 5000, told.count("\n") < 19) == (True, True)


def test_prints_are_no_answers(tmp_path):
    with code(tmp_path, "os.write(1, b'0' * 1000)\nreturn [1] * len(observation)") as policy:
        assert ask(policy).argmax(axis=1).tolist() == [1, 1, 1]


@pytest.mark.thorough
def test_it_dies_with_the_scorer(tmp_path):
    """Even where that is killed, and the child does not look at its pipes."""
    script = (
        "import sys, threading; from pathlib import Path; from submissions import ask, code;"
        f"held = code(Path({str(tmp_path)!r}), 'os.write(2, b\"going\")\\nwhile True: pass');"
        "policy = held.__enter__()\n"
        "threading.Thread(target=ask, args=(policy,), daemon=True).start()\n"
        "while b'going' not in policy.room.child._said: pass\n"
        "print(policy.room.child.number, flush=True); sys.stdin.read()"
    )
    require_death_with_parent(script)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("graph", "told"), [(looping(), "no answer within 1 s"), (allocating(), "(?i)alloc|memory")]
)
def test_a_graph_that_loops_or_allocates_for_ever_is_ended(graph, told):
    bounds = Bounds(20, answer_seconds=1, memory=1 << 28)
    with pytest.raises(PolicyError, match=told), opened(graph, bounds) as policy:
        ask(policy)


@pytest.mark.parametrize(
    ("what", "value", "told"),
    [
        ("find_landlock_version", 0, "version 0 of Landlock"),
        ("find_machine", None, "or newer with Landlock, on x86_64 or aarch64"),
    ],
)
def test_without_locks_nothing_foreign_is_run(what, value, told, monkeypatch):
    monkeypatch.setattr(locks, what, lambda: value)
    with pytest.raises(OSError, match=f"action traces.*{told}"):
        make_rooms()


def test_what_writes_needs_a_newer_kernel(monkeypatch):
    monkeypatch.setattr(locks, "find_landlock_version", lambda: 2)
    locks.require_locks()
    with pytest.raises(OSError, match=r"that needs Linux 6\.2 or newer with Landlock"):
        locks.require_locks(locks.WRITING)


def test_a_child_that_cannot_be_locked_loads_nothing(tmp_path):
    """Landlock's last step fails where a process has too many layers of it, as an example."""
    (tmp_path / "agent.py").write_text(f"open({str(tmp_path / 'x')!r}, 'w')")
    with pytest.raises(OSError, match=r"no process could be locked up.*started this one is gone"):
        code_child(tmp_path / "agent.py", module="code_room_orphaned").__enter__()
    assert not (tmp_path / "x").exists()


def test_numbers_of_system_calls_are_the_kernels():
    headers = [*Path("/usr/include").glob("**/asm/unistd_64.h")]
    if not headers:
        pytest.skip("no headers of the kernel here")
    defined = dict(re.findall(r"#define __NR_(\w+) (\d+)", headers[0].read_text()))
    calls = {**locks.FREELY, **locks.OPENING, **locks.WITH_ARGUMENTS}
    used = {call: number for call, (number, _) in calls.items()}
    used |= {f"landlock_{call}": number for call, number in locks.LANDLOCK_CALLS.items()}
    used["seccomp"] = locks.SECCOMP_CALL[0]
    assert {call: int(defined[call]) for call in used} == used
