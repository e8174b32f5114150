"""The documentation: its links lead somewhere, every page can be found, and it builds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mesa_gym.report.committed import REFERENCES, list_committed
from mesa_gym.traps import package_traps

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# What the build writes need not be there yet.
GENERATED = {
    *(DOCS / "traps" / f"{cls.__name__}.md" for cls in package_traps().values()),
    *(DOCS / "traps" / name for name in ("index.md", "_grid.md", "_results.md")),
    *(DOCS / "reference" / name for name in ("commands.md", "score_card_json.md")),
}
GUIDES, STUDIES = {*DOCS.glob("*.md")}, {*(DOCS / "studies").glob("*.md")}
WRITTEN = sorted({*GUIDES, *STUDIES, *(DOCS / "reference").glob("*.md")} - GENERATED)
MOST_WORDS = 18_000
SHELF = DOCS / "studies" / "index.md"
# The first page, which shows a lesson; a list of words; and files outside docs/.
SHOWN_ELSEWHERE = {
    DOCS / f"{name}.md" for name in ("index", "glossary", "agents", "changelog", "contributing")
}
ABOVE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "agents/README.md")
READ = [*(ROOT / name for name in ABOVE), *WRITTEN]
FENCED = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", flags=re.MULTILINE)
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def prose(page):
    """A page without its blocks of code, which may look like links and headings."""
    return FENCED.sub("", page.read_text())


def slugs(page):
    """The anchors of a page's headings, as repository browsers and the build make them."""
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", prose(page)).lower()
    titles = HEADING.findall(plain)
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}


def toctree_of(page):
    """The pages that a page's tables of contents name."""
    for block in TOCTREE.findall(page.read_text()):
        for line in block.splitlines():
            if line and not line.startswith(":"):
                name = re.sub(r".*<(.+)>", r"\1", line)
                yield (page.parent / f"{name}.md").resolve()


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_and_headings_lead_there(page):
    broken = []
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        if target in GENERATED:
            continue
        if not target.exists() or (anchor and anchor not in slugs(target)):
            broken.append(link)
    assert not broken


def test_every_page_is_in_one_table_of_contents():
    """Studies are in the table of their own page, which is out of the sidebar."""
    named = [*toctree_of(DOCS / "index.md"), *toctree_of(DOCS / "reference" / "index.md")]
    assert len(named) == len(set(named))
    below = {path for path in GENERATED if path.parent.name == "traps"} - {DOCS / "traps/index.md"}
    listed = {DOCS / "studies" / link for link in LINK.findall(prose(SHELF)) if "/" not in link}
    assert STUDIES - {SHELF} == listed, "a study has a row in docs/studies/index.md"
    assert set(named) | {DOCS / "index.md"} == {*WRITTEN, *(GENERATED - below)} - STUDIES


def test_the_guides_are_short():
    """Words in tables and in blocks of code count; the lines of tables do not."""
    words = {page.name: len(re.findall(r"(?=\S*\w)\S+", page.read_text())) for page in GUIDES}
    assert sum(words.values()) <= MOST_WORDS, words


@pytest.mark.parametrize("page", sorted(GUIDES - SHOWN_ELSEWHERE), ids=lambda page: page.name)
def test_the_second_block_of_a_guide_shows_its_output(page):
    """Text, a command and what it prints, or Python with what comes as a comment."""
    kind, block = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.M | re.S)[1]
    comment = re.search(r"^# |  # ", block, re.M)
    assert kind in ("text", "console") or (kind == "python" and comment)


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path):
    pytest.importorskip("furo")
    built = tmp_path / "docs"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "docs", str(built)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for path in (*WRITTEN, *(each for each in GENERATED if not each.name.startswith("_"))):
        page = built / path.relative_to(DOCS).with_suffix(".html")
        assert page.is_file(), f"no page was made of {path}"
    # A GIF and tables stand for what the build makes itself.
    doors = (built / "traps" / "RedBlueDoors.html").read_text()
    assert "RedBlueDoors.gif" in doors
    trained = {*list_committed()} - {REFERENCES}
    assert "ppo" in trained
    assert {agent for agent in trained if f"<p>{agent}</p>" not in doors} == set()
    for page in (built / "index.html", built / "traps" / "index.html"):
        films = re.findall(r'(?:src|srcset)="([^"]*gallery/[^"]+)"', page.read_text())
        assert len(films) == 2 * len(package_traps())
        assert all((page.parent / film).is_file() for film in films)
        framed = (page.parent / films[0]).parent
    assert {path.stem for path in framed.glob("*.html")} == {
        cls.__name__ for cls in package_traps().values()
    }
    assert "How often two agents choose alike" in (built / "studies" / "findings.html").read_text()
