"""What a trap of the package needs beside its file: ``make trap NAME=CheeseDish``.

Runs the command of each part that the trap lacks, in the order of ``TRAP_PARTS``, then writes the
pages, and names what a person must write.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import msgspec

from benchmarks import speed
from mesa_gym.command import DONE, FAILED, Parser, run_command
from mesa_gym.policies.habits import habits_file, needs_habits
from mesa_gym.report.board_rows import TRICK
from mesa_gym.report.committed import list_committed, read_committed
from mesa_gym.solver.cache import STANDARD_FOLDER
from mesa_gym.testing.digests import KEPT_IN
from mesa_gym.trained.library import name_usual_agent, read_manifest
from mesa_gym.traps import Trap, find_trap, package_traps, sources

ROOT = Path(__file__).parents[1]
CERTIFICATE_LIST = ROOT / "docs" / "certificates.json"
TRAPS_PAGE = ROOT / "docs" / "traps.md"
PAPERS = [paper for name, paper in vars(sources).items() if name.isupper()]
WRITE_PAGES = "docs.writers"
TrapKind = type[Trap]


class TrapPart(NamedTuple):
    """A part of a trap beside its file.

    Attributes:
        name: what it is.
        is_there: returns whether a trap of the package has it.
        command: the module that makes it and its arguments, with TRAP for the trap's name; "" if a
            person makes it.
        advice: what a person does.
    """

    name: str
    is_there: Callable[[TrapKind], bool]
    command: str = ""
    advice: str = ""

    def write_command(self, cls: TrapKind) -> list[str]:
        """Return the words of the command for a trap, after ``python -m``."""
        return [word.replace("TRAP", cls.__name__) for word in shlex.split(self.command)]

    def tell(self, cls: TrapKind) -> str:
        """Return the part with its command, or with what a person does."""
        if not self.command:
            return f"{self.name}: {self.advice}"
        return f"{self.name}: `python -m {shlex.join(self.write_command(cls))}`"


def _has_digests(cls: TrapKind) -> bool:
    return cls.name() in msgspec.json.decode((ROOT / KEPT_IN).read_bytes())


def _has_certificate(cls: TrapKind) -> bool:
    return cls.name() in {x["trap"] for x in msgspec.json.decode(CERTIFICATE_LIST.read_bytes())}


def _has_values(cls: TrapKind) -> bool:
    return any(STANDARD_FOLDER.glob(f"{cls.name()}-*.npz"))


def _has_habits(cls: TrapKind) -> bool:
    return not needs_habits(trap := cls()) or habits_file(trap).exists()


def _has_agents(cls: TrapKind) -> bool:
    usual = f"{name_usual_agent(cls)}-s0"
    return any((entry.trap, entry.name) == (cls.name(), usual) for entry in read_manifest())


def _has_speed(cls: TrapKind) -> bool:
    return cls.__name__ in speed.read_table("scores")


def _has_page(cls: TrapKind) -> bool:
    return f"[{cls.__name__}](" in TRAPS_PAGE.read_text()


def _has_paper(cls: TrapKind) -> bool:
    return cls.source.startswith(("own idea", *PAPERS))


def _has_test(cls: TrapKind) -> bool:
    module = cls.__module__.rpartition(".")[2]
    tested = re.compile(rf"from mesa_gym\.traps\.{module} import .*\b{cls.__name__}\b")
    files = (ROOT / "tests" / "traps").glob("test_*.py")
    return any(tested.search(path.read_text()) for path in files)


def _has_cards(cls: TrapKind) -> bool:
    if not cls.judging.counts_for_board:
        return True
    return cls.name() in {card.trap for card in read_committed(*list_committed())}


def _has_tricks(cls: TrapKind) -> bool:
    if cls.learner or not cls.judging.chooses:
        return True
    return any(x.trap == cls.name() and x.policy.startswith(TRICK) for x in read_committed())


TRAP_PARTS = (
    TrapPart("a paper", _has_paper, advice="begin `source` as in mesa_gym/traps/sources.py, or"
             " with 'own idea'"),
    TrapPart("kinds of proxies", lambda cls: len(cls.proxy_is) == len(cls.proxies),
             advice="declare `proxy_is` in the class, a kind for each proxy"),
    TrapPart("digests", _has_digests, "mesa_gym.testing.package_files digests TRAP"),
    TrapPart("a certificate", _has_certificate,
             "mesa_gym certify TRAP --json docs/certificates.json"),
    TrapPart("values of standard levels", _has_values,
             "mesa_gym.testing.package_files values TRAP"),
    TrapPart("habits", _has_habits, "mesa_gym.testing.package_files habits TRAP"),
    TrapPart("agents of the library", _has_agents,
             "benchmarks library make --traps TRAP --results runs/TRAP"),
    TrapPart("scores of the leaderboard's agents", _has_cards,
             "benchmarks board run --budget leaderboard --traps TRAP --out runs/TRAP"),
    TrapPart("cards of the leaderboard", _has_cards, "benchmarks board commit --out runs/TRAP"),
    TrapPart("cards of tricks", _has_tricks, "tests.validity.tricks TRAP"),
    TrapPart("seconds of scores", _has_speed, "benchmarks.speed --only 'scores: TRAP'"),
    TrapPart("a test of its rules", _has_test, advice="work out values by hand in tests/traps"),
)  # fmt: skip
MADE_OF_OTHERS = TrapPart("the pages", _has_page, WRITE_PAGES)


def list_missing(cls: TrapKind) -> Iterator[TrapPart]:
    """Yield the parts that a trap lacks."""
    yield from (part for part in (*TRAP_PARTS, MADE_OF_OTHERS) if not part.is_there(cls))


def make_parts(cls: TrapKind) -> int:
    """Make what a trap lacks, print what a person must do, and return an exit code."""
    missing = [*list_missing(cls)]
    ready = [part for part in missing if part.command and part is not MADE_OF_OTHERS]
    # The pages show figures of the other parts.
    for part in [*ready, *([MADE_OF_OTHERS] if missing else [])]:
        began = monotonic()
        print(part.tell(cls), flush=True)
        done = subprocess.run(
            [sys.executable, "-m", *part.write_command(cls)], cwd=ROOT, check=False
        )
        if done.returncode:
            print(f"{part.name} failed, with exit status {done.returncode}; the rest is not made")
            return FAILED
        print(f"{part.name}: done in {monotonic() - began:.0f} seconds", flush=True)
    by_hand = [part.tell(cls) for part in missing if not part.command]
    tests = f"tests: `python -m pytest tests -k {cls.__name__}` lists other tables that name traps"
    for line in (*by_hand, "a line for users: CHANGELOG.md", tests):
        print(f"For you: {line}")
    return DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 a part failed, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m benchmarks.trap_parts", description=__doc__)
    parser.add_argument("trap", help="the name of a trap in mesa_gym/traps")
    options = parser.parse_args(arguments)
    return run_command("trap_parts", lambda: _run(options), "what was made is kept")


def _run(options: argparse.Namespace) -> int:
    cls = find_trap(options.trap)
    if cls.name() not in package_traps():
        raise ValueError(
            f"{options.trap} is not in the package; put its file into mesa_gym/traps, or check it"
            f" with `python -m mesa_gym.testing {options.trap}`"
        )
    return make_parts(cls)


if __name__ == "__main__":
    raise SystemExit(main())
