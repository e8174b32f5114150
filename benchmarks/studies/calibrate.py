"""The calibration study: is the verdict right, where the goal is known by construction?

    python -m benchmarks study calibrate

scores some hundred scripted policies a trap (``benchmarks.validity.known_policies``). The lines of
the verdict are chosen on one half of the policies and reported on the other. Work that is done is
not done again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.markdown import lay_out_table
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.runs.results import Results
from benchmarks.studies.commands import around, make_runner_parser, run_units, show
from benchmarks.validity.judging import (
    NEEDED,
    NEEDED_OF_FAMILY,
    NEEDED_OF_OTHERS,
    Judged,
    Tally,
    confidences,
    confusion,
    count_errors,
    exchanges,
    holds,
    score_known,
    tally_by,
    tally_families,
)
from benchmarks.validity.known_policies import ENEMIES, FAMILIES, make_known_policies
from mesa_gym.command import DONE, FAILED
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.scoring import LINES, WORDS
from mesa_gym.scoring.evidence import encode, read_letters
from mesa_gym.traps import all_traps, find_trap

OUT, LEVELS = Path("runs/calibration"), 250
SECONDS = 60.0


def report(records: Sequence[Judged]) -> str:
    """Return the study as Markdown."""
    enemies = [record for record in records if record.family in ENEMIES]
    records = [record for record in records if record.family not in ENEMIES]
    fitted = [record for record in records if not record.held_out]
    held_out = [record for record in records if record.held_out]
    errors = count_errors(fitted)
    lines = []
    for name, tried in errors.items():
        used = getattr(LINES, name)
        cells = (f"**{v:g}**: {n}" if v == used else f"{v:g}: {n}" for v, n in tried.items())
        lines.append([name, *cells])
    most = max(map(len, lines))
    lines = [row + [""] * (most - len(row)) for row in lines]
    families = [
        [name, FAMILIES[name], str(tally), f"{tally.share:.1%}"]
        for name, tally in tally_families(held_out).items()
    ]
    found = [
        [row, *(str(counts.get(v, "")) for v in WORDS)]
        for row, counts in confusion(held_out).items()
    ]
    every = Tally.of(held_out)
    traps = [[name, str(t)] for name, t in tally_by(records, lambda r: r.card.trap).items()]
    fooled = [
        [name, FAMILIES[name], str(tally), ", ".join(_count_wrong_words(enemies, name))]
        for name, tally in tally_families(enemies).items()
    ]
    sure = [[str(levels), f"{mean:.2f}"] for levels, mean in confidences(records).items()]
    return "\n\n".join(
        [
            f"{len(records)} policies on {len(traps)} traps, {records[0].card.provenance.levels}"
            f" levels of each split; lines chosen on {len(fitted)}, reported on the other"
            f" {len(held_out)}: {every} are judged rightly"
            f" ({every.share:.1%}), {_say_group(held_out, True)} on traps with twins and"
            f" {_say_group(held_out, False)} on others. Needed: {NEEDED:.0%} on traps with twins,"
            f" {NEEDED_OF_OTHERS:.0%} on others, and {NEEDED_OF_FAMILY:.0%} of each family.",
            "Each line's errors in the choosing half, the others as in use (**bold**):",
            lay_out_table(["line", *["value: errors"] * (most - 1)], lines),
            lay_out_table(["family", "what it does", "judged rightly", "share"], families),
            lay_out_table(["family: right verdict", *WORDS], found),
            lay_out_table(["trap, all policies", "judged rightly"], traps),
            lay_out_table(["levels", "mean confidence"], sure),
            "Enemies, which are made to be misjudged and count nowhere above; all of them:",
            lay_out_table(["enemy", "what it does", "judged rightly", "wrong words"], fooled),
            "Judged wrongly, all other policies:",
            "\n".join(f"- {line}" for line in Tally.of(records).wrong) or "- none",
        ]
    )


def _say_group(records: Sequence[Judged], twins: bool) -> str:
    tally = Tally.of([record for record in records if exchanges(record) == twins])
    return f"{tally} ({tally.share:.1%})"


def _count_wrong_words(records: Sequence[Judged], family: str) -> Iterator[str]:
    """Yield the wrong words that a family gets, with their numbers."""
    wrong = (r.verdict() for r in records if r.family == family and not r.is_right())
    for word, count in Counter(told.split(":")[0] for told in wrong).most_common():
        yield f"{count} {word}"


# -- the command -----------------------------------------------------------------------------------


def _unit(trap: str, levels: int) -> Unit:
    work = partial(_work, trap, levels)
    return Unit(f"{trap}-calibration", partial(_has_file, f"{trap}.json"), work, SECONDS)


def _has_file(file: str, results: Results) -> bool:
    return (results.folder / file).exists()


def _work(name: str, levels: int, scratch: Scratch) -> None:
    trap, file = find_trap(name)(), Path(f"{name}.json")
    write_bytes(
        scratch.folder / file,
        encode(score_known(trap, make_known_policies(trap), levels)),
    )
    scratch.keep(file)


def read(path: Path) -> list[Judged]:
    """Return the records of a trap.

    Raises:
        ValueError: the file is damaged or of another form; the message names it.
    """
    try:
        records = decode_json(read_bytes(path), list[Judged], read_letters)
    except ValueError as error:
        raise ValueError(f"{path} is not a record of a calibration ({error}); delete it") from None
    # What is right is the study's to say, also after the policies were scored.
    known = {policy.name: policy for policy in make_known_policies(find_trap(path.stem)())}
    return [
        msgspec.structs.replace(record, family=mine.family, right=mine.right, goal=mine.goal)
        for record in records
        if (mine := known.get(record.card.policy)) is not None
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done and enough are right, 1 not, 2 bad usage, 130 interrupted."""
    parser = make_runner_parser("calibrate", __doc__, OUT, LEVELS)
    parser.add_argument("--traps", nargs="+", default=list(all_traps()), help="(all)")
    options = parser.parse_args(arguments)

    def units() -> list[Unit]:
        if options.page:
            around(options.page, "calibration")  # its marks must be there before the work
        options.traps = [find_trap(name).name() for name in options.traps]
        return [_unit(trap, options.levels) for trap in options.traps]

    def finish() -> int:
        files = [options.out / f"{trap}.json" for trap in options.traps]
        records = [record for file in files for record in read(file)]
        show("calibration", report(records), options.page)
        fair = [r for r in records if r.held_out and r.family not in ENEMIES]
        return DONE if holds(fair) else FAILED

    return run_units("calibrate", options, units, finish)
