"""Attacks on what reads others' data or writes files: damage, kills, full disks, two runs at once.

    python -m tests.attacks --seed 1 --minutes 5 [--only weights]

A reader holds where a damaged file is read, or refused by a sentence. Each has a process of its
own, so that one that crashes or hangs is a fall, too. An attempt is repeated by its seed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from mesa_gym.errors import MOST_TOLD, PolicyError
from tests.attacks.damage import damage
from tests.attacks.kills import KILLS
from tests.attacks.readers import READERS

LONGEST = 60  # seconds of one reading
HELD = ("read", "refused", "held")


def read_damaged(name, seed, seconds):
    """Damage and read one reader's file for some time; print its number, and what came of it."""
    warnings.simplefilter("ignore")
    # A library prints on standard output too; results have a descriptor of their own.
    results = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    make, read = READERS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder))
        read(path)
        good, number, end = path.read_bytes(), 0, time.monotonic() + seconds
        while time.monotonic() < end:
            path.write_bytes(damage(good, np.random.default_rng([seed, number, *name.encode()])))
            print(number, end=" ", file=results, flush=True)
            outcome = "read"
            try:
                read(path)
            except (ValueError, OSError, PolicyError) as error:
                long = len(str(error)) > MOST_TOLD
                outcome = f"fell: {len(str(error))} characters of message" if long else "refused"
            except BaseException as error:
                outcome = f"fell: {type(error).__name__}: {error!s:.200}"
            if evil := [module for module in sys.modules if "evil" in module]:
                outcome = f"fell: imported {evil}"
            print(" ".join(outcome.split()), file=results)
            number += 1


def attack_reader(name, seed, seconds):
    """Return what each attempt on a reader came to; the last one may have crashed or hung."""
    words = [sys.executable, "-m", "tests.attacks", "--only", name, "--child", "--seed", str(seed)]
    words += ["--minutes", str(seconds / 60)]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(words, stdout=out, stderr=err, env=env)
        size, since = 0, time.monotonic()
        while child.poll() is None:
            time.sleep(0.2)
            if (now := os.fstat(out.fileno()).st_size) > size:
                size, since = now, time.monotonic()
            if time.monotonic() - since > LONGEST * (1 if size else 5):
                child.kill()
        out.seek(0), err.seek(0)
        lines = out.read().splitlines()
        if child.returncode:
            lines = [line for line in lines if line.endswith(HELD) or "fell" in line]
            message = " ".join(err.read().split())[-300:]
            lines.append(f"{len(lines)} fell: the process ended by {child.returncode}: {message}")
    return lines


def main():
    """Attack for some minutes, and print what was tried, held and fell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[*READERS, *KILLS])
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    share, falls = options.minutes * 60 / len(options.only), 0
    if options.child:
        return read_damaged(options.only[0], options.seed, share)
    for name in options.only:
        begin = time.monotonic()
        if name in KILLS:
            outcomes = enumerate(KILLS[name](options.seed, share))
            rows = [f"{number} {'fell: ' + row if row else 'held'}" for number, row in outcomes]
        else:
            rows = attack_reader(name, options.seed, share)
        fell = [row for row in rows if not row.endswith(HELD)]
        read = sum(row.endswith("read") for row in rows)
        used, counts = time.monotonic() - begin, f"{len(rows)} tried, {len(rows) - len(fell)} held"
        print(f"{name}: {counts} ({read} read), {len(fell)} fell, {used:.0f} s", flush=True)
        print(*(f"    {row}\n" for row in fell[:5]), sep="", end="", flush=True)
        falls += len(fell)
    return int(falls > 0)


if __name__ == "__main__":
    raise SystemExit(main())
