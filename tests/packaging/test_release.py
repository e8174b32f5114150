"""One version: in the code, in the changelog and in the citation."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import mesa_gym

ROOT = Path(__file__).parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
HEAD = re.compile(r"^## \[(?P<version>\d+\.\d+\.\d+)\] - (?P<when>\S+)$", re.MULTILINE)


def test_version_and_date_agree() -> None:
    top = HEAD.search(CHANGELOG)
    assert top is not None
    citation = (ROOT / "CITATION.cff").read_text()
    cited = dict(re.findall(r"^(version|date-released): (.*)$", citation, re.MULTILINE))
    assert top["version"] == cited["version"] == mesa_gym.__version__
    # A date where it is out, and none where it is not.
    assert cited.get("date-released", "unreleased") == top["when"]


def test_versions_stand_in_the_changelog_from_the_newest_down() -> None:
    heads = list(HEAD.finditer(CHANGELOG))
    assert len(heads) == CHANGELOG.count("\n## ")
    found = [tuple(map(int, head["version"].split("."))) for head in heads]
    assert found == sorted(set(found), reverse=True)
    for head in heads[1:]:
        date.fromisoformat(head["when"])
