"""Pages as a repository browser shows them: each reads whole, and its links lead somewhere."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from docs._sphinx.site_links import PAGES
from docs.writers.tables import fill_tables, list_pages, read_table
from mesa_gym.links import FILES
from tests.support.markdown import find_faults, list_anchors, list_links

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OF_SITE = DOCS / "_sphinx"  # pages that only the build shows
ADDRESS = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[\w./%+~?=&#:-]*)?")  # never followed


@cache
def list_clone():
    """The files of a clone, and the folders that contain them; no page that the build writes."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")[:-1]
    return {path for name in names for path in ((ROOT / name), *(ROOT / name).parents)}


def list_markdown():
    """All pages of the clone."""
    folders = [ROOT.glob("*.md"), *((ROOT / x).rglob("*.md") for x in (".ci", ".github", "agents"))]
    return sorted({*DOCS.rglob("*.md"), *(page for pages in folders for page in pages)})


PARTS = {OF_SITE / "toctrees", OF_SITE / "traps"}
READ = [page for page in list_markdown() if not PARTS & {*page.parents}]
READ = [page for page in READ if page not in PAGES.values() or OF_SITE not in page.parents]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```{csv-table}\n:file: a.csv\n```", "directive {csv-table}"),
        ("| a |\n|---|\n\nnext", "a table without rows"),
        ("text\n| a |\n|--|-|\n| b |", "no table: text\n| a |\n|--|-|\n| b |"),
        ("{ref}`name`", "role {ref}"),
        ("[a]()", "a link without target"),
        ("[a](b c)", "no link: [a](b c)"),
        ("[a][b]", "no link: [a][b]"),
        ("> [!HINT]\n> text", "no alert: HINT"),
    ],
)
def test_text_that_shows_its_source_is_faulty(text, fault):
    assert find_faults(text) == [fault]


def test_text_of_repository_browsers_has_no_fault():
    text = "> [!NOTE]\n> A note.[^1]\n\n| a | b |\n|---|---|\n| [x](y) | `{z}` |\n\n[^1]: why"
    assert find_faults(text) == []
    assert [*list_links(f'{text} <img src="z.png"> ![q](q.png)')] == ["y", "z.png", "q.png"]


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_reads_whole_and_its_links_lead(page):
    text = page.read_text()
    if OF_SITE not in page.parents:
        assert find_faults(text) == []
    assert [link for link in list_links(text) if not find_target(page, link)] == []


def find_target(page, link):
    """Whether a link of a page leads to an address, or to a file of the clone and its heading."""
    path, _, anchor = link.partition("#")
    if path.startswith(FILES):
        path = str(ROOT / path.removeprefix(f"{FILES}/"))
    if re.match(r"[a-z]+:", path):
        return ADDRESS.fullmatch(link)
    target = (page.parent / path).resolve() if path else page
    has_anchor = not anchor or (target.suffix == ".md" and anchor in list_anchors(target))
    return target in list_clone() and has_anchor


def test_tables_of_pages_equal_their_files():
    """`make pages` writes them."""
    pages = [*list_pages()]
    assert len(pages) > 10
    assert {page: page.read_text() for page in pages} == {page: fill_tables(page) for page in pages}


def test_row_with_unquoted_comma_is_refused(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text('plan,result\nfirst,"1,000"\nsecond,1,000\n')
    with pytest.raises(ValueError, match="row 3 has 3 cells"):
        read_table(file)
