"""What hostile code tries. It is submitted as code, and also run as a script, where all succeeds.

Each attack returns if it succeeded and raises if it was stopped. ``target.json`` beside this file
says what to reach.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).parent
FILE = HERE / "target.json"
TARGET = json.loads(FILE.read_text()) if FILE.exists() else {}
EVALUATOR = os.getppid()


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def fork_bomb():
    made = 0
    for _ in range(TARGET["forks"]):
        try:
            child = os.fork()
        except OSError:
            continue
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        made += 1
    assert made


def spawn():
    subprocess.run([sys.executable, "-c", ""], check=True)


def thread():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def internet():
    with socket.create_connection(("127.0.0.1", TARGET["port"]), timeout=5):
        pass


def unix_socket():
    for end in socket.socketpair():
        end.close()


def evaluators_memory():
    with open(f"/proc/{EVALUATOR}/mem", "rb", buffering=0) as memory:
        memory.seek(TARGET["address"])
        assert memory.read(len(TARGET["known"])).decode() == TARGET["known"]


def evaluators_memory_by_call():
    libc, length = ctypes.CDLL(None, use_errno=True), len(TARGET["known"])
    found = ctypes.create_string_buffer(length)
    here, there = IoVec(ctypes.addressof(found), length), IoVec(TARGET["address"], length)
    read = libc.process_vm_readv(EVALUATOR, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    assert read == length
    assert found.raw.decode() == TARGET["known"]


def evaluators_command_line():
    assert Path(f"/proc/{EVALUATOR}/cmdline").read_bytes()


def evaluators_variables():
    assert Path(f"/proc/{EVALUATOR}/environ").read_bytes()


def inherited_variable():
    assert os.environ["MESA_GYM_SECRET"]


def inherited_file():
    assert os.fstat(TARGET["handle"]).st_ino == TARGET["inode"]


def signal_evaluator():
    os.kill(EVALUATOR, 0)


def signal_by_pipe():
    import fcntl

    fcntl.fcntl(1, fcntl.F_SETOWN, EVALUATOR)


def secret_file():
    assert Path(TARGET["secret"]).read_text()


def secret_by_link():
    assert (HERE / "link").read_text()


def list_secrets():
    assert os.listdir(Path(TARGET["secret"]).parent)


def list_processes():
    assert os.listdir("/proc")


def write_own_folder():
    (HERE / "written").write_text("x")


def write_elsewhere():
    (Path(TARGET["secret"]).parent / "written").write_text("x")


def overwrite():
    Path(TARGET["secret"]).with_name("card.json").write_text("{}")


def truncate():
    kept = HERE / "kept"
    os.close(os.open(kept, os.O_RDONLY | os.O_TRUNC))
    assert not kept.read_bytes()


def others_cards():
    assert Path(TARGET["card"]).read_text()


def list_benchmarks():
    assert os.listdir(TARGET["benchmarks"])


def delete():
    Path(TARGET["secret"]).with_name("old.json").unlink()


def make_folder():
    (HERE / "made").mkdir()


def make_link():
    os.link(HERE / "target.json", HERE / "linked")


def memory_file():
    os.close(os.memfd_create("x"))


def change_limit():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def other_affinity():
    os.sched_setaffinity(0, os.sched_getaffinity(0))


ATTACKS = [
    fork_bomb,
    spawn,
    thread,
    internet,
    unix_socket,
    evaluators_memory,
    evaluators_memory_by_call,
    evaluators_command_line,
    evaluators_variables,
    inherited_variable,
    inherited_file,
    signal_evaluator,
    signal_by_pipe,
    secret_file,
    secret_by_link,
    list_secrets,
    list_processes,
    write_own_folder,
    write_elsewhere,
    overwrite,
    truncate,
    others_cards,
    list_benchmarks,
    delete,
    make_folder,
    make_link,
    memory_file,
    change_limit,
    other_affinity,
]


def succeeds(attack) -> bool:
    try:
        attack()
    except BaseException:
        return False
    return True


def states_in_sight() -> int:
    """How many states of the game can be found in frames and by the garbage collector."""
    found, frame = 0, sys._getframe()
    while frame:
        found += sum(type(value).__name__ == "State" for value in frame.f_locals.values())
        frame = frame.f_back
    return found + sum(type(thing).__name__ == "State" for thing in gc.get_objects())


def make(trap):
    """A policy that attacks: in row i, action 1 if attack i succeeded; then 1 if it sees states."""

    def act(observation):
        done = [int(succeeds(attack)) for attack in ATTACKS]
        return [*done, int(states_in_sight() > 0)][: len(observation)]

    return act


if __name__ == "__main__":
    print(json.dumps({attack.__name__: succeeds(attack) for attack in ATTACKS}))
