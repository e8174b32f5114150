"""A locked child that fails: it is named, ended in time, and its words are harmless."""

import pickle
import re
import time
from pathlib import Path

import pytest
from graphs import CORNER, allocating, looping
from interrupting import require_death_with_parent
from parameters import thorough
from submissions import Bomb, ask, code

from benchmarks.isolation import landlock, syscalls
from benchmarks.isolation.frames import NAME_BYTES, Kind, pack
from benchmarks.isolation.loading import ChildSettings
from benchmarks.isolation.policy import Bounds, Isolated
from mesa_gym.errors import PolicyError

WRITE = "for pipe in range(3, 20):\n    try: os.write(pipe, {})\n    except OSError: pass\n"
CLOSES = "os.closerange(3, 20); time.sleep(9)"
FILLS = "while True: observation = [observation, bytearray(1 << 20)]"
NO_ANSWER = "it sent something that is not an answer"


def failure(folder: Path, acts: str) -> str:
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
        (WRITE.format("b'garbage' * 9") + "time.sleep(9)", NO_ANSWER),
        (WRITE.format("b'\\x08' + (2**62).to_bytes(8, 'little')") + "time.sleep(9)", NO_ANSWER),
    ],
)
def test_a_child_that_fails_is_an_error(acts: str, told: str, tmp_path: Path) -> None:
    assert told in failure(tmp_path, acts).splitlines()[0]


def test_a_pickle_in_place_of_an_answer_is_not_loaded(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    bomb = pickle.dumps(Bomb(marker))
    pickle.loads(bomb)
    marker.rmdir()  # it does go off
    frame = b"\x08" + len(bomb).to_bytes(8, "little") + bomb
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
def test_a_child_that_does_not_answer_is_ended(acts: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("benchmarks.isolation.policy.ANSWER_SECONDS", 0.3)
    with code(tmp_path, acts) as policy:
        began = time.monotonic()
        with pytest.raises(PolicyError, match=r"no answer within 0\.3 s"):
            ask(policy)
        assert time.monotonic() - began < 3
        assert policy._process._child.poll() is not None


@pytest.mark.thorough
def test_the_time_of_all_answers_is_bounded(tmp_path: Path) -> None:
    with code(tmp_path, "time.sleep(0.15)\nreturn [0] * len(observation)") as policy:
        policy._left = 0.4
        assert ask(policy).shape == (3, 5)
        policy._left = 0.1
        with pytest.raises(PolicyError, match=r"no answer within 0\.\d+ s"):
            ask(policy)
        with pytest.raises(PolicyError, match="took longer than they may in all"):
            ask(policy)


@pytest.mark.thorough
def test_a_child_that_computes_unasked_is_ended_by_the_kernel(tmp_path, monkeypatch) -> None:
    """It gives an answer too soon, and computes on; its time is the kernel's to count."""
    monkeypatch.setattr("benchmarks.isolation.policy.START_CPU_SECONDS", 1)
    ready = pack(Kind.READY, b"planes".ljust(NAME_BYTES))
    with code(tmp_path, "pass", f"{WRITE.format(ready)}\nwhile True: pass", seconds=0.5) as policy:
        assert policy.observation == "planes"
        policy._process._child.wait(timeout=20)
        policy._left = 20
        with pytest.raises(PolicyError, match="computed longer than it may"):
            ask(policy)


def test_what_it_writes_to_its_terminal_is_shown_short_and_harmless(tmp_path: Path) -> None:
    acts = r"""
print('\x1b[2J\x1b]0;title\x07' + 'first' * 1000)
for i in range(3000): print('line', i, file=sys.stderr)
print('\x1b[31mlast\x9b \u202e words')
raise RuntimeError('\x1b[2J' * 500 + 'why')"""
    told = failure(tmp_path, acts)
    assert "last" in told
    assert all(line.isprintable() for line in told.split("\n"))
    assert (len(told) < 5000, told.count("\n") < 19) == (True, True)


def test_prints_are_no_answers(tmp_path: Path) -> None:
    with code(tmp_path, "os.write(1, b'0' * 1000)\nreturn [1] * len(observation)") as policy:
        assert ask(policy).argmax(axis=1).tolist() == [1, 1, 1]


@pytest.mark.thorough
def test_it_dies_with_the_scorer(tmp_path: Path) -> None:
    """Even where that is killed, and the child does not look at its pipes."""
    script = (
        "import sys, threading; from pathlib import Path; from submissions import ask, code;"
        f"policy = code(Path({str(tmp_path)!r}), 'os.write(2, b\"going\")\\nwhile True: pass');"
        "threading.Thread(target=ask, args=(policy,), daemon=True).start()\n"
        "while b'going' not in policy._process._said: pass\n"
        "print(policy._process._child.pid, flush=True); sys.stdin.read()"
    )
    require_death_with_parent(script)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("graph", "told"), [(looping(), "no answer within 1 s"), (allocating(), "(?i)alloc|memory")]
)
def test_a_graph_that_loops_or_allocates_for_ever_is_ended(graph, told, monkeypatch) -> None:
    monkeypatch.setattr("benchmarks.isolation.policy.ANSWER_SECONDS", 1)
    settings, bounds = (
        ChildSettings(CORNER, "onnx", observation="planes"),
        Bounds(20, memory=1 << 28),
    )
    with pytest.raises(PolicyError, match=told), Isolated(settings, graph, bounds=bounds) as policy:
        ask(policy)


@pytest.mark.parametrize(
    ("what", "value", "told"),
    [
        ("landlock.version", 0, "needs a kernel with Landlock"),
        ("syscalls.machine", None, "needs Linux on x86_64 or aarch64"),
    ],
)
def test_without_locks_nothing_foreign_is_run(what, value, told, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(f"benchmarks.isolation.{what}", lambda: value)
    with pytest.raises(OSError, match=f"{told}.*action traces"):
        code(tmp_path, "return [0]")


def test_a_child_that_cannot_be_locked_loads_nothing(tmp_path: Path, monkeypatch) -> None:
    """Landlock's last step fails where a process has too many layers of it, as an example."""
    monkeypatch.setattr("benchmarks.isolation.process._ENVIRONMENT", {"PATH": ""})
    monkeypatch.setattr("os.getpid", lambda: 1)  # the child finds that its parent is another
    with pytest.raises(OSError, match=r"no process could be locked up.*started this one is gone"):
        code(tmp_path, "return [0]", f"open({str(tmp_path / 'x')!r}, 'w')")
    assert not (tmp_path / "x").exists()


def test_numbers_of_system_calls_are_the_kernels() -> None:
    headers = [*Path("/usr/include").glob("**/asm/unistd_64.h")]
    if not headers:
        pytest.skip("no headers of the kernel here")
    defined = dict(re.findall(r"#define __NR_(\w+) (\d+)", headers[0].read_text()))
    calls = {**syscalls.FREELY, **syscalls.OPENING, **syscalls.WITH_ARGUMENTS}
    used = {call: number for call, (number, _) in calls.items()}
    used |= {f"landlock_{call}": number for call, number in landlock.LANDLOCK.items()}
    used["seccomp"] = syscalls.SECCOMP[0]
    assert {call: int(defined[call]) for call in used} == used
