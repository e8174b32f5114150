"""Submitted programs: they play in a process that sees observations, and cannot do more."""

from shutil import which

import numpy as np
import pytest

from mesa_gym import score
from mesa_gym.errors import PolicyError
from mesa_gym.policies import programs
from mesa_gym.policies.programs import ProgramPolicy, list_container_words
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner

HEAD = "import os, sys, time\nimport numpy as np\n"
KINDS = '''
class Counting:
    """Acts by its memory: the number of steps of each episode."""
    observation = "planes"
    def reset(self, mask, rng):
        self.steps = np.where(mask, 0, 0 if mask.all() else self.steps)
    def keep_rows(self, mask):
        self.steps = self.steps[mask]
    def act(self, observation, state=None):
        print("not an answer", flush=True)
        self.steps = self.steps + 1
        return np.eye(5)[self.steps % 4] * 0.9 + 0.02

def text(text):
    return "right" if len(text) % 2 else "up"

def softmax(obs):
    scores = np.exp(obs.reshape(len(obs), -1)[:, :5])
    return scores / scores.sum(axis=1, keepdims=True)

softmax.memory = False
'''
# A program -> the reason why it gets no card.
BAD = {
    "from a_neighbour import f": "No module named 'a_neighbour'",
    "os._exit(0)": "its process has ended",
    "from mesa_gym.policies import Oracle\ndef f(trap):\n return Oracle(trap, 'base', 9)": "state",
    "g = 0": "has no policy 'f'",
    "def f(obs):\n os._exit(0)": "its process has ended",
    "def f(obs):\n sys.exit(0)": "SystemExit: 0",
    "def f(obs):\n 1 / 0": "ZeroDivisionError",
    "def f(obs):\n return None": "it gave None",
    "def f(obs):\n return np.full((len(obs), 5), np.nan)": "expected finite numbers",
    "def f(obs):\n os.write(3, b'+' + (1 << 62).to_bytes(8)); os.fsync": "another size",
    "def f(obs):\n raise ValueError('\\x1b[31m' + 'x' * 10_000)": "ValueError: .{1,2}\\[31mxxx",
}


def run(text, name, contained=False):
    return ProgramPolicy((HEAD + text).encode(), name, "CheeseCorner-v0", contained)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["Counting", "text", "softmax"])
def test_program_plays_as_its_policy(name):
    space = {}
    exec(HEAD + KINDS, space)
    own = space[name]() if name == "Counting" else space[name]
    other = score(run(KINDS, name), CheeseCorner(), levels=40)
    ours = score(own, CheeseCorner(), levels=40)
    assert (other.verdict, other.provenance.digest) == (ours.verdict, ours.provenance.digest)
    for split in Split:
        assert other.read_number(split, "regret") == ours.read_number(split, "regret")
    assert other.read_each("shift", "choice") == ours.read_each("shift", "choice")


@pytest.mark.thorough
@pytest.mark.parametrize("text", BAD)
def test_bad_program_gets_no_card(text):
    with pytest.raises(PolicyError, match=BAD[text]):
        score(run(text, "f"), CheeseCorner(), levels=2)


@pytest.mark.thorough
def test_program_that_waits_is_stopped(monkeypatch):
    policy = run("def f(obs):\n    time.sleep(1e6)", "f")
    monkeypatch.setattr(programs, "ANSWER_SECONDS", 1.0)
    with pytest.raises(PolicyError, match="took more than 1 seconds"):
        policy.act(np.zeros((1, 2), np.uint8))
    assert policy._process.poll() is not None


@pytest.mark.thorough
@pytest.mark.skipif(not which("bwrap"), reason="needs bubblewrap")
def test_contained_program_sees_no_file_or_network(tmp_path):
    (tmp_path / "secret").write_text("")
    tries = f"""
import socket
def f(obs):
    for path in ({str(tmp_path / "secret")!r}, "/etc/passwd", "/var"):
        assert not os.path.exists(path), path
    for path in (".", os.path.dirname(np.__file__), "/usr"):
        try:
            open(os.path.join(path, "x"), "w")
        except OSError:
            continue
        raise AssertionError(path)
    assert len([x for x in os.listdir("/proc") if x.isdecimal()]) < 5
    assert "SALT" not in str(os.environ)
    try:
        socket.create_connection(("127.0.0.1", 22), 1)
    except OSError as error:
        assert "refused" in str(error) or "unreachable" in str(error)
    return np.full(len(obs), 2)
"""
    assert score(run(tries, "f", contained=True), CheeseCorner(), levels=2).competent is False


def test_container_without_bubblewrap_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="apt install bubblewrap"):
        list_container_words(tmp_path, {})
