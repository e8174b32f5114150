"""The calibration of the verdict: all known policies of all traps scored, as Markdown and CSV.

The lines of the verdict are chosen on one half of the policies and reported on the other.
"""

import csv
from collections import Counter
from io import StringIO

from benchmarks.markdown import lay_out_table
from mesa_gym.files import write_text
from mesa_gym.scoring import LINES, WORDS
from mesa_gym.traps import find_trap
from tests.validity.judging import (
    NEEDED,
    NEEDED_OF_FAMILY,
    NEEDED_OF_OTHERS,
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


def score_trap(name, levels=LEVELS):
    """Score all known policies of a trap."""
    trap = find_trap(name)()
    return score_known(trap, make_known_policies(trap), levels)


def report(records):
    """Return the study in short, as Markdown; ``tabulate`` has the rest."""
    enemies = [record for record in records if record.family in ENEMIES]
    records = [record for record in records if record.family not in ENEMIES]
    held_out = [record for record in records if record.held_out]
    weak = {name: t for name, t in tally_families(held_out).items() if t.share < NEEDED_OF_FAMILY}
    families = [
        [name, FAMILIES[name], str(tally), ", ".join(_count_wrong_words(held_out, name))]
        for name, tally in weak.items()
    ]
    fooling = {name: tally for name, tally in tally_families(enemies).items() if tally.wrong}
    fooled = [
        [name, FAMILIES[name], str(tally), ", ".join(_count_wrong_words(enemies, name))]
        for name, tally in fooling.items()
    ]
    every, traps = Tally.of(held_out), tally_by(records, lambda record: record.card.trap)
    sure = [[str(levels), f"{mean:.2f}"] for levels, mean in confidences(records).items()]
    heads = ["judged rightly", "wrong words"]
    return "\n\n".join(
        [
            f"{len(records)} policies on {len(traps)} of the traps,"
            f" {records[0].card.provenance.levels}"
            f" levels of each split; lines chosen on {len(records) - len(held_out)}, reported on"
            f" the other {len(held_out)}: {every} are judged rightly"
            f" ({every.share:.1%}), {_say_group(held_out, True)} on traps with twins and"
            f" {_say_group(held_out, False)} on others. Needed: {NEEDED:.0%} on traps with twins,"
            f" {NEEDED_OF_OTHERS:.0%} on others, and {NEEDED_OF_FAMILY:.0%} of each family there"
            " with twins.",
            f"Of {len(tally_families(held_out))} families these are judged rightly less often than"
            f" {NEEDED_OF_FAMILY:.0%}, on all traps together:",
            lay_out_table(["family", "what it does", *heads], families),
            "Enemies, which are made to be misjudged and count nowhere above; the others of"
            f" {len(tally_families(enemies))} kinds are never misjudged:",
            lay_out_table(["enemy", "what it does", *heads], fooled),
            "The fewer levels, the less sure:",
            lay_out_table(["levels", "mean confidence"], sure),
        ]
    )


def tabulate(records):
    """Return the tables of the study, each of which is a file of comma-separated values.

    Returns:
        ``families``: what families of the reporting half do, the verdicts that are right, and how
        many of their policies got which; ``lines``: how many of the choosing half are judged
        wrongly if a line had another value; ``misjudged``: each policy that is, enemies apart.
        The first row of each has the heads.
    """
    records = [record for record in records if record.family not in ENEMIES]
    families = [["family", "what it does", "right", *WORDS]]
    for row, counts in confusion(record for record in records if record.held_out).items():
        family, _, right = row.partition(": ")
        families.append([family, FAMILIES[family], right, *(str(counts[word]) for word in WORDS)])
    lines = [["line", "value", "in use", "errors"]]
    for name, tried in count_errors([each for each in records if not each.held_out]).items():
        used = getattr(LINES, name)
        lines += [[name, f"{v:g}", "yes" if v == used else "", str(n)] for v, n in tried.items()]
    misjudged = [["trap", "policy", "family", "right", "verdict"]]
    for record in records:
        if not record.is_right():
            family, _, right = record.row.partition(": ")
            card = record.card
            misjudged.append([card.trap, card.policy, family, right, record.verdict()])
    return {"families": families, "lines": lines, "misjudged": misjudged}


def write_tables(records, folder):
    """Write each of the tables as ``calibration_NAME.csv`` into a folder."""
    for name, rows in tabulate(records).items():
        text = StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        write_text(folder / f"calibration_{name}.csv", text.getvalue())


def _say_group(records, twins):
    tally = Tally.of([record for record in records if exchanges(record) == twins])
    return f"{tally} ({tally.share:.1%})"


def _count_wrong_words(records, family):
    """Yield the wrong words that a family gets, with their numbers."""
    wrong = (r.verdict() for r in records if r.family == family and not r.is_right())
    for word, count in Counter(told.split(":")[0] for told in wrong).most_common():
        yield f"{count} {word}"
