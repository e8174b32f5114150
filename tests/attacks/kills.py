"""Kills, full disks and two runs in one folder: what is there afterwards is whole, or absent."""

import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from itertools import count, cycle
from pathlib import Path

import numpy as np

from mesa_gym.logs import read_log
from mesa_gym.policies import as_policy
from mesa_gym.scoring import Cards
from tests.attacks.damage import damage
from tests.attacks.readers import TRAP

ROOT = Path(__file__).parents[2]
LOGGING = """
import gymnasium, mesa_gym
env = mesa_gym.LogEpisodes(gymnasium.make("MesaGym/CheeseCorner-v0"), "log.jsonl")
env.reset()
print("ready", flush=True)
while True:
    env.say("word " * 9000)
    env.step(4)
    env.reset()
"""
SCORE = "-m mesa_gym score CheeseCorner --policy random --levels 100 --json card.json"
SCORE += " --save-episodes log.jsonl"
RECORD = "-m mesa_gym watch CheeseCorner --policy random --headless --record a.png"
TRAIN = "-m agents.train CheeseCorner --steps 4096 --quiet --out agent"
BOARD = "-m benchmarks board run --traps CheeseCorner --seeds 1 --steps 4096 --levels 100"
BOARD += " --workers 1 --out board"


def start(words, folder, bytes_=0, env=()):
    """Start Python with words in a folder, where each file may have so many bytes."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **dict(env)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command, before = [sys.executable, *shlex.split(words)], limit if bytes_ else None
    return subprocess.Popen(command, cwd=folder, env=env, preexec_fn=before, **streams)


def check(folder):
    """Return what is not whole among the results in a folder; "" for nothing."""
    try:
        for path in folder.rglob("card*.json"):
            Cards.load(path)
        if (log := folder / "log.jsonl").exists() and b"\n" in log.read_bytes():
            _, notes = read_log(log)
            assert not notes or ": 1 line left out" in notes[0], notes
        for path in folder.rglob("a.png"):
            assert path.read_bytes().endswith(b"IEND\xaeB`\x82"), "half a picture"
        for path in folder.glob("agent/policy.json"):
            as_policy(path.parent, TRAP, 8)
    except Exception as error:
        return f"{type(error).__name__}: {error!s:.200}"
    return ""


def kill(words, ends=True):
    """Return an attack: kill a command at a random time, look, and run it again to its end."""

    def attack(seed, seconds):
        rng, begin, duration = np.random.default_rng(seed), time.monotonic(), 0.0
        if ends:
            with tempfile.TemporaryDirectory() as name:
                start(words, Path(name)).communicate()
                duration = time.monotonic() - begin
        while True:
            with tempfile.TemporaryDirectory() as name:
                child = start(words, folder := Path(name))
                time.sleep(rng.random() * (duration or 10))
                child.kill()
                child.communicate()
                problem = check(folder)
                # The command may have ended before the kill; it refuses to replace an agent.
                trained = (folder / "agent/policy.json").exists()
                if ends and not problem and not trained:
                    again = start(words, folder)
                    stderr = again.communicate()[1]
                    problem = check(folder) or (stderr[-200:] if again.returncode else "")
            yield problem
            if time.monotonic() - begin + duration > seconds:
                return

    return attack


def fill_disk(seed, seconds):
    """Yield what comes of commands whose files cannot grow beyond some bytes."""
    rng, end = np.random.default_rng(seed), time.monotonic() + seconds
    for words in cycle((SCORE, RECORD)):
        with tempfile.TemporaryDirectory() as name:
            child = start(words, Path(name), int(rng.integers(1, 4000)))
            *_, message = ["", *child.communicate()[1].strip().splitlines()]
            if child.returncode != 1 or not message.startswith("mesa-gym: "):
                yield f"exit code {child.returncode}: {message}"
            else:
                yield f"left {left}" if (left := [*Path(name).iterdir()]) else ""
        if time.monotonic() > end:
            return


def run_twice(words):
    """Return an attack: two runs of a command at once in one folder."""

    def attack(seed, seconds):
        with tempfile.TemporaryDirectory() as name:
            both = [start(words, Path(name)) for _ in range(2)]
            outputs = [child.communicate()[1] for child in both]
            codes = [child.returncode for child in both]
            raw = [output[-200:] for output in outputs if "Traceback" in output]
            yield check(Path(name)) or "".join(raw) or ("" if 0 in codes else f"{codes}: {outputs}")

    return attack


def damage_programs(seed, seconds):
    """Yield what comes of a training whose compiled programs, which are kept, are damaged."""
    rng, begin = np.random.default_rng(seed), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder, weights = Path(name), set()
        env = {"MESA_GYM_CACHE": str(folder / "cache")}
        for number in count():
            done = start(TRAIN.replace("--out agent", f"--out a{number}"), folder, env=env)
            stderr = done.communicate()[1][-200:]
            if number:
                yield stderr if done.returncode else ""
            weights |= {path.read_bytes() for path in folder.glob("a*/*.safetensors")}
            if len(weights) > 1:
                yield "other weights"
            if number and time.monotonic() - begin > seconds:
                return
            for path in (folder / "cache").glob("programs*/*"):
                path.write_bytes(damage(path.read_bytes(), rng))


KILLS = {  # name: attack(seed, seconds), which yields "" for each attempt that held
    "kill a log": kill(f"-c {shlex.quote(LOGGING)}", ends=False),
    "kill score": kill(SCORE),
    "kill recording": kill(RECORD),
    "kill training": kill(TRAIN),
    "kill the board": kill(BOARD),
    "compiler's cache": damage_programs,
    "full disk": fill_disk,
    "two trainings": run_twice(TRAIN),
    "two boards": run_twice(BOARD),
}
