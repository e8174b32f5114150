"""The calibration of the verdict: all known policies of all traps scored, and told as Markdown.

The lines of the verdict are chosen on one half of the policies and reported on the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.markdown import lay_out_table
from mesa_gym.scoring import LINES, WORDS
from mesa_gym.traps import find_trap
from tests.validity.judging import (
    NEEDED,
    NEEDED_OF_FAMILY,
    NEEDED_OF_OTHERS,
    Judged,
    Tally,
    confidences,
    confusion,
    count_errors,
    exchanges,
    score_known,
    tally_by,
    tally_families,
)
from tests.validity.known_policies import ENEMIES, FAMILIES, make_known_policies

LEVELS = 250


def score_trap(name: str, levels: int = LEVELS) -> list[Judged]:
    """Score all known policies of a trap."""
    trap = find_trap(name)()
    return score_known(trap, make_known_policies(trap), levels)


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
