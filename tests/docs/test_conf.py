"""README and documentation: links and pages, facts of the checkout, examples in docstrings."""

import doctest
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import mesa_gym
from mesa_gym.links import FILES
from mesa_gym.policies import as_policy
from mesa_gym.rendering import render_rgb
from mesa_gym.report import read_committed
from mesa_gym.report.committed import list_committed
from mesa_gym.scoring.evidence import NULLS
from mesa_gym.scoring.lines import WORDS
from mesa_gym.traps import Split, package_traps

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCS = ROOT / "docs"
# What the build writes need not be there yet.
GENERATED = {
    *(DOCS / "traps" / f"{cls.__name__}.md" for cls in package_traps().values()),
    *(DOCS / "traps" / name for name in ("index.md", "_grid.md", "_results.md")),
    *(DOCS / "reference" / name for name in ("commands.md", "score_card_json.md")),
}
GUIDES, STUDIES = {*DOCS.glob("*.md")}, {*(DOCS / "studies").glob("*.md")}
WRITTEN = sorted({*GUIDES, *STUDIES, *(DOCS / "reference").glob("*.md")} - GENERATED)
MOST_WORDS_OF_ALL = 38_000  # as `wc -w` counts them: bars and rules of tables are words
MOST_WORDS_OF_STUDIES = 16_500
SHELF = DOCS / "studies" / "index.md"
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
def test_links_lead_to_files_and_headings(page):
    broken = []
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if path.startswith(FILES) and not (ROOT / path.removeprefix(f"{FILES}/")).exists():
            broken.append(link)
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        if target in GENERATED:
            continue
        if not target.exists() or (anchor and anchor not in slugs(target)):
            broken.append(link)
    assert not broken


def test_page_is_in_one_table_of_contents():
    """Studies are in the table of their own page, which is out of the sidebar."""
    named = [*toctree_of(DOCS / "index.md"), *toctree_of(DOCS / "reference" / "index.md")]
    assert len(named) == len(set(named))
    below = {path for path in GENERATED if path.parent.name == "traps"} - {DOCS / "traps/index.md"}
    listed = {DOCS / "studies" / link for link in LINK.findall(prose(SHELF)) if "/" not in link}
    assert STUDIES - {SHELF} == listed, "a study has a row in docs/studies/index.md"
    assert set(named) | {DOCS / "index.md"} == {*WRITTEN, *(GENERATED - below)} - STUDIES


def test_all_pages_together_are_short():
    words = {page: len(page.read_text().split()) for page in {*DOCS.rglob("*.md")} - GENERATED}
    assert (
        sum(n for page, n in words.items() if page.parent == SHELF.parent) <= MOST_WORDS_OF_STUDIES
    )
    assert sum(words.values()) <= MOST_WORDS_OF_ALL


@pytest.mark.slow
def test_build_has_no_warning(tmp_path):
    pytest.importorskip("furo")
    from docs.playgrounds import has_page

    built = tmp_path / "docs"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "docs", str(built)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for path in (*WRITTEN, *(each for each in GENERATED if not each.name.startswith("_"))):
        page = built / path.relative_to(DOCS).with_suffix(".html")
        assert page.is_file(), f"no page was made of {path}"
    # Tables stand for what the build makes itself.
    doors = (built / "traps" / "RedBlueDoors.html").read_text()
    assert "ppo" in list_committed()
    assert {agent for agent in list_committed() if f"<p>{agent}</p>" not in doors} == set()
    for page in (built / "index.html", built / "traps" / "index.html"):
        stills = re.findall(r'src="([^"]*gallery/[^"]+)"', page.read_text())
        assert len(stills) == len(package_traps())
        assert all((page.parent / still).is_file() for still in stills)
        framed = (page.parent / stills[0]).parent
    assert {path.stem for path in framed.glob("*.html")} == {
        cls.__name__ for cls in package_traps().values() if has_page(cls())
    }
    assert "How often two agents choose alike" in (built / "studies" / "findings.html").read_text()


def test_glossary_has_verdicts_nulls_and_splits():
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    words = [*WORDS, *NULLS, *(split.value for split in Split)]
    assert [word for word in words if word not in glossary] == []


FUNCTIONS = [
    as_policy,
    mesa_gym.evaluate,
    mesa_gym.labels,
    mesa_gym.make_gymnax,
    mesa_gym.make_jax,
    mesa_gym.make_sb3,
    mesa_gym.make_torch,
    mesa_gym.objectives,
    mesa_gym.score,
    render_rgb,
]

NEEDED = {"make_sb3": "stable_baselines3", "make_torch": "torch"}
NEEDED |= dict.fromkeys(("make_jax", "make_gymnax"), "jax")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_example_of_docstring_gives_its_result(function):
    pytest.importorskip(NEEDED.get(function.__name__, "numpy"))
    (example,) = doctest.DocTestFinder(recurse=False).find(function, globs={})
    assert doctest.DocTestRunner().run(example) == doctest.TestResults(0, len(example.examples))
    assert len(example.examples) >= 3


PROGRAM = re.compile(r"\bpython -m ((?:docs|tests|benchmarks|agents)[\w.]*)")


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_programs_of_page_are_in_the_tree(page):
    if page == DOCS / "studies" / "archive.md":
        return
    named = {*PROGRAM.findall(page.read_text())}
    places = {name: ROOT / name.replace(".", "/") for name in named}
    assert [
        n for n, at in places.items() if not at.is_dir() and not at.with_suffix(".py").exists()
    ] == []


@pytest.mark.thorough
def test_guide_seeds_suffice_for_a_tenth():
    """By a t-test over the committed seeds, two-sided 5%, with 80% power."""
    stats = pytest.importorskip("scipy.stats")
    guide = (DOCS / "start.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| (\w+ \d.*?) \| (\d+) \|$", guide, re.MULTILINE)
    listed = [(name, seeds) for traps, seeds in rows for name in re.findall(r"[A-Z]\w+", traps)]
    named = {f"{name}-v0": int(seeds) for name, seeds in listed}
    shares = defaultdict(list)
    for card in read_committed("ppo"):
        if card.choices is not None:
            shares[card.trap].append(card.read_each("shift", "choice")[card.base])
    assert named.keys() == shares.keys()
    for trap, seeds in named.items():
        spread = max(np.std(shares[trap], ddof=1), 1e-3)  # seeds may agree
        free, apart = 2 * seeds - 2, 0.1 / (spread * np.sqrt(2 / seeds))
        assert stats.nct.sf(stats.t.ppf(0.975, free), free, apart) >= 0.8
