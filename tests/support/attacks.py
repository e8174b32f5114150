"""The attacks of hostile code, which runs in a locked child, and as a script: all succeed there.

``target.json`` beside this file says what to reach.
"""

import ctypes
import fcntl
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
SECRET = Path(TARGET.get("secret", "nowhere"))
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
    return made > 0


def thread():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    return True


def evaluators_memory():
    with open(f"/proc/{EVALUATOR}/mem", "rb", buffering=0) as memory:
        memory.seek(TARGET["address"])
        return memory.read(len(TARGET["known"])).decode() == TARGET["known"]


def evaluators_memory_by_call():
    libc, length = ctypes.CDLL(None, use_errno=True), len(TARGET["known"])
    found = ctypes.create_string_buffer(length)
    here, there = IoVec(ctypes.addressof(found), length), IoVec(TARGET["address"], length)
    read = libc.process_vm_readv(EVALUATOR, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return read == length and found.raw.decode() == TARGET["known"]


def truncate():
    kept = HERE / "kept"
    os.close(os.open(kept, os.O_RDONLY | os.O_TRUNC))
    return not kept.read_bytes()


# Each raises or gives something false where it is stopped.
ATTACKS = {
    "fork_bomb": fork_bomb,
    "spawn": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "thread": thread,
    "internet": lambda: socket.create_connection(("127.0.0.1", TARGET["port"]), timeout=5),
    "unix_socket": lambda: socket.socketpair(),
    "evaluators_memory": evaluators_memory,
    "evaluators_memory_by_call": evaluators_memory_by_call,
    "evaluators_command_line": lambda: Path(f"/proc/{EVALUATOR}/cmdline").read_bytes(),
    "evaluators_variables": lambda: Path(f"/proc/{EVALUATOR}/environ").read_bytes(),
    "inherited_variable": lambda: os.environ["MESA_GYM_SECRET"],
    "inherited_file": lambda: os.fstat(TARGET["handle"]).st_ino == TARGET["inode"],
    "signal_evaluator": lambda: os.kill(EVALUATOR, 0) is None,
    "signal_by_pipe": lambda: fcntl.fcntl(1, fcntl.F_SETOWN, EVALUATOR) == 0,
    "secret_file": SECRET.read_text,
    "secret_by_link": (HERE / "link").read_text,
    "list_secrets": lambda: os.listdir(SECRET.parent),
    "list_processes": lambda: os.listdir("/proc"),
    "write_own_folder": lambda: (HERE / "written").write_text("x"),
    "write_elsewhere": lambda: (SECRET.parent / "written").write_text("x"),
    "overwrite": lambda: SECRET.with_name("card.json").write_text("{}"),
    "truncate": truncate,
    "others_cards": lambda: Path(TARGET["card"]).read_text(),
    "list_benchmarks": lambda: os.listdir(TARGET["benchmarks"]),
    "delete": lambda: os.unlink(SECRET.with_name("old.json")) is None,
    "make_folder": lambda: os.mkdir(HERE / "made") is None,
    "make_link": lambda: os.link(FILE, HERE / "linked") is None,
    "memory_file": lambda: os.memfd_create("x"),
    "change_limit": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)) is None,
    "other_affinity": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)) is None,
}


def succeeds(attack):
    try:
        return bool(attack())
    except BaseException:
        return False


def states_in_sight():
    """Count the states of the game in frames and in the garbage collector."""
    found, frame = 0, sys._getframe()
    while frame:
        found += sum(type(value).__name__ == "State" for value in frame.f_locals.values())
        frame = frame.f_back
    return found + sum(type(thing).__name__ == "State" for thing in gc.get_objects())


def make(trap):
    """A policy that attacks: in row i, action 1 if attack i succeeded; then 1 if it sees states."""
    assert TARGET, "what lies beside code can be read"

    def act(observation):
        done = [int(succeeds(attack)) for attack in ATTACKS.values()]
        return [*done, int(states_in_sight() > 0)][: len(observation)]

    return act


if __name__ == "__main__":
    print(json.dumps({name: succeeds(attack) for name, attack in ATTACKS.items()}))
