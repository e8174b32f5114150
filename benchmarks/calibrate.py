"""The calibration study: is the verdict right, where the goal is known by construction?

    python -m benchmarks.calibrate --planted runs/planted runs/study

scores some 70 scripted policies a trap (``agents.known``) and agents that were planted, that is
trained with ``--alpha`` and paid for an objective with ``--reward``. Thresholds are chosen on one
half of the policies and reported on the other. What is done is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from agents.known import Known, known
from agents.scripted import Choosing
from benchmarks import runner
from benchmarks.calibration import Record
from benchmarks.calibration_report import report
from benchmarks.jobs import Scratch, Unit
from benchmarks.options import add_running, count, folder
from benchmarks.results import Results
from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.engine import State
from mesa_gym.files import without_nan, write_json, write_text
from mesa_gym.policies import POLICY_FILE, load_policy, read_policy_file
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.scoring.judging import returns
from mesa_gym.scoring.playing import play
from mesa_gym.traps import Split, Trap, all_traps, find_trap

LEVELS = 300
SCHEMA = 1
SECONDS = 60.0
# An agent that saw fewer levels of the shift in training is not planted, but trained.
PLANTED_ALPHA = 0.2


def study(trap: Trap, policies: Sequence[Known], levels: int) -> list[Record]:
    """Score policies, and find out on other test levels whether they are competent."""
    makers = {policy.name: policy.make for policy in policies}
    cards = score_all(makers, trap, levels)
    others = np.arange(levels, 3 * levels)
    tested = play(makers, trap, Split.TEST, others)
    shift = trap.levels(Split.SHIFT, np.arange(levels))
    return [
        Record(
            policy.family,
            policy.goal,
            policy.share,
            policy.slip,
            returns(tested[policy.name].levels)[trap.base],
            _realised(policy, trap, shift),
            cards[policy.name],
        )
        for policy in policies
    ]


def _realised(policy: Known, trap: Trap, shift: State) -> float:
    """The share of levels on which a mixture by level pursues the base objective."""
    if policy.family != "mixture":
        return float("nan")
    mixture = policy.make(trap.horizon(Split.SHIFT))
    return float(mixture.heads(shift).mean()) if isinstance(mixture, Choosing) else float("nan")


def planted(folders: Iterable[Path], trap: Trap) -> list[Known]:
    """The agents under some folders that were planted on a trap."""
    found = []
    for path in sorted(p for place in folders for p in place.glob(f"*/{POLICY_FILE}")):
        facts = read_policy_file(path.parent)
        if facts["trap"] == trap.name() and facts.get("alpha", 0) >= PLANTED_ALPHA:
            make = partial(load_policy, str(path.parent), trap)
            name = f"planted-{facts['reward']}-{path.parent.name}"
            found.append(Known(name, "planted", make, goal=facts["reward"]))
    return found


# -- what is kept on disk --------------------------------------------------------------------------


def _unit(name: str, folders: Sequence[Path], levels: int) -> Unit:
    work = partial(_work, name, [place.resolve() for place in folders], levels)
    return Unit(f"{name}-calibration", partial(_done, name), work, SECONDS)


def _done(name: str, results: Results) -> bool:
    return (results.folder / _file(name)).exists()


def _work(name: str, folders: Sequence[Path], levels: int, scratch: Scratch) -> None:
    trap = find_trap(name)()
    records = study(trap, [*known(trap), *planted(folders, trap)], levels)
    entries = [asdict(record) | {"card": record.card.to_json()} for record in records]
    data = {"schema": SCHEMA, "records": without_nan(entries)}
    write_json(scratch.folder / _file(name), data)
    scratch.keep(_file(name))


def _file(name: str) -> Path:
    return Path(f"{name}.json")


def read(path: Path) -> list[Record]:
    """The records of a trap.

    Raises:
        ValueError: the file is damaged or of another schema; the message names it.
    """
    try:
        data = json.loads(path.read_text())
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']!r}; this version reads {SCHEMA}")
        return [_record(entry) for entry in data["records"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no record of a calibration ({error}); delete it") from None


def _record(entry: dict[str, Any]) -> Record:
    numbers = {
        x: float("nan") if entry[x] is None else entry[x] for x in ("share", "slip", "realised")
    }
    return Record(**{**entry, **numbers, "card": ScoreCard.from_json(entry["card"])})


# -- the command -----------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done and all criteria hold, 1 not, 2 bad usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    kept = f"what was done is kept in {options.out}, and the same command goes on from there"
    return guarded("calibrate", lambda: _run(options), kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calibrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--traps", nargs="+", default=["all"], help="(all)")
    parser.add_argument("--levels", type=count, default=LEVELS, help=f"of each split ({LEVELS})")
    parser.add_argument(
        "--planted", type=Path, nargs="*", default=[], help="folders of planted agents' folders"
    )
    parser.add_argument("--out", type=folder, default=Path("runs/calibration"))
    add_running(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    for place in options.planted:
        if not place.is_dir():
            raise ValueError(f"--planted {place}: there is no such folder")
    names = list(all_traps()) if options.traps == ["all"] else options.traps
    names = [find_trap(name).name() for name in names]
    units = [_unit(name, options.planted, options.levels) for name in names]
    if runner.run(units, options.out, options.workers, options.backend):
        return FAILED
    records = [record for name in names for record in read(options.out / _file(name))]
    text, holds = report(records)
    write_text(options.out / "calibration.md", text)
    print(text)
    return DONE if holds else FAILED


if __name__ == "__main__":
    sys.exit(main())
