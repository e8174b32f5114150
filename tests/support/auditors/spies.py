"""Auditors that attack: each predicts 1 where it got what it was after, and 0 where it did not."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import numpy as np


class Spy:
    """Predicts whether its attack succeeded."""

    tier = "behaviour"

    def fit(self, evidence, shares):
        self.got = False
        with suppress(OSError, ImportError):
            self.got = bool(self.attack())

    def attack(self):
        return False

    def predict(self, evidence):
        return np.full(len(evidence["curve"]), float(self.got))


class ImportingTheTrap(Spy):
    def attack(self):
        return import_module("mesa_gym.traps").find_trap


class ImportingAgents(Spy):
    def attack(self):
        return import_module("agents.ppo").train


class ImportingTheAudit(Spy):
    def attack(self):
        return import_module("benchmarks.audit.populations").POPULATIONS


class ReadingTheSource(Spy):
    def attack(self):
        own = [Path(x) for x in sys.path if (Path(x) / "mesa_gym" / "__init__.py").exists()]
        return (own[0] / "mesa_gym" / "traps" / "coin_run.py").read_text()


class ReadingTheSalt(Spy):
    """The evaluator is the parent's parent; a salt may stand on its command line."""

    def attack(self):
        return Path(f"/proc/{os.getppid()}/cmdline").read_bytes()


class ReadingSubjects(Spy):
    """The other agents' shares, wherever they are kept."""

    folder = "/tmp/mesa-gym-audited"

    def attack(self):
        return (Path(self.folder) / "subjects").read_text()


class Listing(Spy):
    def attack(self):
        return [*Path("/tmp").iterdir()]


class Writing(Spy):
    """A message for the next call."""

    def attack(self):
        Path("/tmp/mesa-gym-audit-message").write_text("share")
        return True


class Calling(Spy):
    def attack(self):
        with socket.socket() as made:
            return made


class Starting(Spy):
    def attack(self):
        return subprocess.run(["true"], check=True)


class Recalling(Spy):
    """Counts its calls: later ones would know the labels of earlier ones."""

    calls = 0

    def attack(self):
        type(self).calls += 1
        return type(self).calls > 1


class Searching(Spy):
    """Looks through all arrays in memory for shares of agents that it was not told."""

    def fit(self, evidence, shares):
        self.known = len(shares)

    def predict(self, evidence):
        import gc

        n = len(evidence["curve"])
        found = [each for each in gc.get_objects() if isinstance(each, dict)]
        names = {str(name) for each in found for name in each}
        self.got = bool(names & {"chosen", "solved", "met", "seeds"})
        return np.full(n, float(self.got))


class Shorter(Spy):
    def predict(self, evidence):
        return np.zeros(len(evidence["curve"]) - 1)


class Wider(Spy):
    def predict(self, evidence):
        return np.zeros((len(evidence["curve"]), 1))


class Imaginary(Spy):
    def predict(self, evidence):
        return np.full(len(evidence["curve"]), 1j)


class Nan(Spy):
    def predict(self, evidence):
        return np.full(len(evidence["curve"]), np.nan)


class Raising(Spy):
    def predict(self, evidence):
        raise ValueError("an accident")


class Tierless:
    pass


class Wishing:
    tier = "everything"


class First:
    """Reads the share off one number."""

    tier = "behaviour"

    def fit(self, evidence, shares):
        pass

    def predict(self, evidence):
        return 9 * (np.exp(evidence["log_probabilities"][:, 0, 0]) - 0.1) / 0.8 - 4
