"""A trap of the package has all that it needs besides its file: one message lists what it lacks."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.plan import list_single_traps
from docs.playgrounds import find_agents
from mesa_gym.traps import Split, find_trap, package_traps

ROOT = Path(__file__).parents[2]
CERTIFICATES = ROOT / "docs" / "certificates.json"
PAGES = [ROOT / "README.md", ROOT / "CITATION.cff", *(ROOT / "docs").glob("*.md")]
STUDIES = [*(ROOT / "docs" / "studies").glob("*.md")]
# Digits before the word, or in the row of a table of suites; a part is said as "2 of 16 traps".
TRAPS = re.compile(
    r"(?<!\bof )(?<!\bof the )\b(\d+) (?:traps|small Gymnasium)\b|\*\*mesa_gym\*\* \| (\d+) "
)
IDS = re.compile(r"\b(\d+) (ids)\b")
ENTRY = re.compile(r"^@\w+\{\w+,\n(.*?)^\}", flags=re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+) = \{(.*)\},?$", flags=re.MULTILINE)


def list_papers():
    """Return the papers of the bibliography, which was written apart from the traps, in a line."""
    papers = []
    for body in ENTRY.findall((ROOT / "docs" / "paper" / "paper.bib").read_text()):
        entry = dict(FIELD.findall(body))
        if "eprint" not in entry:
            continue  # software and data have no number at arXiv
        names = [name.partition(", ") for name in entry["author"].split(" and ")]
        *first, last = (f"{given} {surname}" for surname, _, given in names)
        where = ", ".join([*filter(None, [entry.get("booktitle")]), f"arXiv:{entry['eprint']}"])
        title = re.sub("[{}]", "", entry["title"])
        papers.append(f"{', '.join(first)} and {last} ({entry['year']}), {title}, {where}")
    return papers


def find_numbers(said, pages):
    """Return page -> the numbers that it says, for those that say some."""
    found = {}
    for page in pages:
        plain = " ".join(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", page.read_text()).split())
        if numbers := {int(x) for each in said.findall(plain) for x in each if x.isdigit()}:
            found[str(page.relative_to(ROOT))] = numbers
    return found


def list_wrong_counts():
    """Yield the pages that say another number of traps, or of their ids, than there is."""
    count = len(package_traps())
    for what, number, found in (
        ("traps", count, find_numbers(TRAPS, PAGES)),
        ("ids", count * len(Split) * 2, find_numbers(IDS, [*PAGES, *STUDIES])),
    ):
        assert len(found) >= 2, "the pages say it in other words"
        for page, said in found.items():
            if said != {number}:
                yield f"{page} says {sorted(said)} {what}; there are {number}: write the number"


def list_missing(cls):
    """Yield what a trap lacks, each with the command or the file that gives it."""
    name, module = cls.name(), cls.__module__.rpartition(".")[2]
    if not (ROOT / "tests" / "golden" / f"{name}.json").exists():
        yield "digests: `make digests` writes them to tests/golden"
    if name not in {each["trap"] for each in json.loads(CERTIFICATES.read_text())}:
        command = f"mesa-gym certify {cls.__name__} --json docs/certificates.json"
        yield f"a certificate: `{command}`"
    if not any(re.match(f"{re.escape(paper)}: .", cls.source) for paper in list_papers()):
        yield (
            "a paper: begin `source` with one of mesa_gym/traps/sources.py that is in"
            " docs/paper/paper.bib, a colon, and what of it the trap is"
        )
    if len(cls.proxy_is) != len(cls.proxies):
        yield "`proxy_is`, a kind for each proxy: declare it in the class"
    if cls in list_single_traps() and not find_agents(cls(), 1):
        command = f"python -m benchmarks library make --traps {cls.__name__}"
        yield f"agents of the library: `{command}`"
    tests = (path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    tested = re.compile(rf"from mesa_gym\.traps\.{module} import .*\b{cls.__name__}\b")
    if not any(map(tested.search, tests)):
        yield "a test of its rules by hand: write one in tests/traps"


def test_every_trap_has_all_that_it_needs():
    missing = [
        f"{name} needs {what}"
        for name, cls in package_traps().items()
        for what in list_missing(cls)
    ]
    missing += list_wrong_counts()
    if missing:
        pytest.fail("\n".join([*missing, "See CONTRIBUTING.md, Adding a trap."]), pytrace=False)


@pytest.mark.usefixtures("registry")
def test_list_missing_names_what_own_traps_lack():
    lacking = [*list_missing(find_trap(f"{ROOT}/mesa_gym/cli/example_trap.py:Mushrooms"))]
    assert [what.partition(":")[0] for what in lacking] == [
        "digests",
        "a certificate",
        "a paper",
        "agents of the library",
        "a test of its rules by hand",
    ]
