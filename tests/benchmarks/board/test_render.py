"""The files of `render`: pages that are whole, linked and harmless, and what stands beside them."""

import json
import re
import time
from pathlib import Path
from urllib.parse import unquote

import pytest
from boards import (
    CORNER,
    EVIL,
    WORSE,
    card,
    method,
    whole_records,
    write,
)
from html_page import HtmlPage
from msgspec import structs

from benchmarks.board.render import render
from benchmarks.jobs.store import COMMITTED, Results
from benchmarks.markdown import plain
from benchmarks.tracks.record import Origin, Verified, record_path
from benchmarks.tracks.tasks import RANKING, SEEDS
from mesa_gym.report import interval, mean_over_traps, read_committed


@pytest.fixture(scope="module")
def pages(rendered: Path) -> dict[Path, HtmlPage]:
    """Every page, by its path."""
    return {file: HtmlPage(file.read_text()) for file in (rendered / "board").glob("**/*.html")}


@pytest.fixture(scope="module")
def words(rendered: Path, pages: dict[Path, HtmlPage]) -> dict[str, str]:
    """The text of each page, by its address."""
    return {str(file.relative_to(rendered / "board")): page.words for file, page in pages.items()}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        *(
            ("methods.html", x)
            for x in ("coverage, closed division", "labels: preferences, closed")
        ),
        ("methods.html", "planner privileged – 0.04"),
        ("methods.html", "Checks, which use no information: random: 0 on every track."),
        ("methods.html", "How to enter"),
        ("tasks.html", "CheeseCorner place cheese, corner CheeseCorner 3,200,000"),
        ("index.html", "Which one did each agent learn?"),
        ("index.html", "the methods, by how little they must be told"),
        ("agents/ppo.html", f"{CORNER} Verdict: "),
    ],
)
def test_a_page_says(address: str, told: str, words: dict[str, str]) -> None:
    assert told in words[address]


def test_ids_are_unique_and_every_link_leads_somewhere(pages: dict[Path, HtmlPage]) -> None:
    followed = 0
    for file, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), file
        for given in page.all("a"):
            address, _, anchor = unquote(given["href"]).partition("#")
            target = (file.parent / address).resolve() if address else file
            assert target.is_file(), given
            assert not anchor or anchor in pages[target].ids, given
            followed += 1
        for _, given in page.tags:
            for name in ("aria-labelledby", "for"):
                assert name not in given or given[name] in page.ids
    assert followed > 30


def test_pages_of_methods_fetch_nothing_and_run_one_script(pages) -> None:
    for file, page in pages.items():
        if file.name == "index.html" or file.parent.name == "agents":
            continue  # tests/report/test_leaderboard_page.py
        for tag, given in page.tags:
            assert not {"srcset", "action", "data", "background"} & set(given)
            assert not [name for name in given if name.startswith("on")]
            assert "src" not in given or given["src"].startswith("data:image/png;base64,")
            assert tag not in ("link", "iframe", "object", "base", "form")
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r'url\(|@import|https?://|<script>alert|[^\\]" onload', text)
        assert page.all("script") == [{}]
        (policy,) = [g["content"] for g in page.all("meta") if "http-equiv" in g]
        assert "default-src 'none'" in policy
        assert "script-src 'sha256-" in policy
        assert all(given["alt"] for given in page.all("img"))


def test_the_page_of_methods_asks_shows_ranks_and_draws(rendered: Path) -> None:
    """In this order: the question, a task's two levels, curves, the table."""
    page = (rendered / "board" / "methods.html").read_text()
    parts = ["which of the two does a method go for", "CheeseCorner in training"]
    parts += ["<polyline", '<table class="sortable standings">', "How to enter"]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    first = page[: page.index("</table>")]
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', first)
    assert heads[:3] == ["method", "place", "mean"]  # which a phone shows
    assert heads[4:] == [*("coverage", "labels", "ask", "rare", "CPU hours", "date", "verified")]
    assert page.count("<ol>") == 1
    assert page.count("<li><code>python -m benchmarks") + page.count("<li>Write a class") == 3


def test_ceilings_and_replays_are_shown_where_they_are(tmp_path: Path, capsys) -> None:
    level = {"task": "CheeseCorner", "seed": 0, "wanted": "cheese", "level": 3, "actions": [0, 1]}
    by = Origin(authors=["A. Person"], code="", commit="", date="2026-11-23")
    records = [method(task, "mine", 0, 0.5, origin=by) for task in RANKING]
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], (), records)
    ceilings = {"CoinRun": {"coin": {"ceiling": 0.93}, "far_end": {"ceiling": 0.88}}}
    (tmp_path / "ceilings.json").write_text(json.dumps(ceilings))
    (tmp_path / "replays").mkdir()
    replays = tmp_path / "replays" / "mine.json"
    for told, left in (
        ({"episodes": [level] * 3}, ""),
        ({"episodes": [level, level | {"actions": []}, level]}, ""),
        ({"episodes": [level] * 4}, "left out"),
        ({"episodes": [level | {"actions": [9]}]}, "left out"),
        ({"episodes": [level | {"actions": [4] * 999}]}, "left out"),
        ({"episodes": [level | {"task": EVIL}]}, "left out"),
        ([], "left out"),
    ):
        replays.write_text(json.dumps(told))
        render(Results(tmp_path, pytest.fail))
        assert left in capsys.readouterr().err
        text = (tmp_path / "board" / "methods" / "mine.html").read_text()
        assert text.count('class="film"') == (0 if left else 3)
        assert ("mine on CheeseCorner, level 3, where cheese is wanted" in text) != bool(left)
    words = HtmlPage(text).words
    assert "CoinRun 0.50 – – – coin 0.93, far_end 0.88" in words
    tasks = HtmlPage((tmp_path / "board" / "tasks.html").read_text()).words
    assert "coin 0.93, far_end 0.88" in tasks


def test_a_methods_page_says_what_its_records_say(words: dict[str, str], pages) -> None:
    told = words["methods/cues.html"]
    for text in (
        "Place 1 of 2 in the closed division",
        "assumes what cues takes for granted",
        "authors this project code benchmarks/tracks/methods/cues.py",
        f"verified 0 of {len(RANKING) * SEEDS} records",
        "coverage, by members",
        "CPU hours of all records 0.02",
    ):
        assert text in told
    # Seeds of .90 to .94 on every task; a family's interval is over its tasks.
    values = [0.9, 0.91, 0.92, 0.93, 0.94]
    ends = [interval(mean_over_traps, [values] * n, limits=(0, 1)) for n in (12, 4, 2)]
    whole, four, two = (f"0.92 ({low:.2f} to {high:.2f})" for low, high in ends)
    assert f"coverage 1 {whole} {four} {two} {two} {two} {two}" in told
    assert "planner privileged" in words["methods.html"]
    assert "Not ranked in the closed division: privileged." in words["methods/planner.html"]
    assert "cues 1 0.64" in words["methods.html"]


def test_only_a_plain_address_of_a_record_becomes_a_link(tmp_path: Path) -> None:
    """Everything that a record says was written by another."""
    code = "https://example.org/a_b/c.git?x=1&y=2#z"
    others = [
        *("javascript:alert(1)", "http://example.org", "https://user@example.org/", "https://a"),
        *("https://example.org/ x", f'https://example.org/"{EVIL}', "https://exämple.org/", EVIL),
        *("//example.org", " https://example.org", "https://example.org:99999999/", "HTTPS://a.b/"),
    ]
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)])
    for number, paper in enumerate(others):
        origin = Origin(authors=[EVIL, WORSE], code=code, commit=WORSE, date="2026-11-23")
        made = method("CheeseDish", f"m{number}", 0, 0.5, origin=origin, about=EVIL, priors=WORSE)
        told = Verified(EVIL, "2026-11-24", WORSE)
        structs.replace(made, verified=told, salt=WORSE, paper=paper).save(
            tmp_path / record_path("CheeseDish", f"m{number}", 0)
        )
    index = render(Results(tmp_path, pytest.fail))
    for number, paper in enumerate(others):
        text = (index.parent / "methods" / f"m{number}.html").read_text()
        page = HtmlPage(text)
        assert [g["href"] for g in page.all("a") if ":" in (g["href"] or "")] == [code], paper
        (link,) = (given for given in page.all("a") if given["href"] == code)
        assert link["rel"] == "noopener noreferrer"
        assert f"paper {' '.join(paper.split())} " in page.words
        assert f"authors {EVIL}, {WORSE} code {code} commit {WORSE}" in page.words
        assert f"by {EVIL} on 2026-11-24" in page.words
        assert page.all("script") == [{}]
        assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    assert "<" not in index.with_name("board.md").read_text()
    assert HtmlPage(index.with_name("methods.html").read_text()).all("script") == [{}]


def test_what_holds_for_all_results_stands_on_the_board_where_it_is_written(
    rendered: Path, tmp_path: Path
) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], (), whole_records({"cues": 0.5}))
    (tmp_path / "notice.md").write_text("Of older levels <b>.\n")
    index = render(Results(tmp_path, pytest.fail))
    methods = HtmlPage(index.with_name("methods.html").read_text())
    assert "Of older levels <b>." in methods.words
    text = index.with_name("board.md").read_text()
    assert text.index("older levels") < text.index("## Closed division")
    assert "<" not in text
    for name in ("methods.html", "board.md"):
        assert "older levels" not in (rendered / "board" / name).read_text()


def test_without_methods_no_page_speaks_of_them(tmp_path: Path) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)])
    index = render(Results(tmp_path, pytest.fail))
    assert sorted(path.name for path in index.parent.iterdir()) == [
        *("agents", "board.md", "index.html", "leaderboard.csv")
    ]
    assert "method" not in index.read_text() + index.with_name("board.md").read_text()


def test_agents_of_as_many_levels_stand_among_the_committed_ones(tmp_path: Path, capsys) -> None:
    write(tmp_path, [each for each in read_committed("ppo") if each.trap == CORNER][:2])
    index = render(Results(tmp_path, pytest.fail))
    assert "ppo (today)" in capsys.readouterr().out
    page = HtmlPage(index.read_text()).words
    assert "ppo (today)" in page
    assert "sb3-ppo" in page
    write(tmp_path, [card(CORNER, f"ppo-s{s}", 0.5, 0.4) for s in range(2)])
    render(Results(tmp_path, pytest.fail))
    told = capsys.readouterr().out
    assert "sb3-ppo" not in told
    assert "ppo" in told


def test_the_tracks_say_that_methods_run_behind_a_wall(rendered: Path, words) -> None:
    assert "A method runs in a locked process of its own for each call" in words["methods.html"]


def test_markdown_has_every_table_and_no_markup_from_names(rendered: Path) -> None:
    text = (rendered / "board" / "board.md").read_text()
    assert "<" not in text
    for table in re.findall(r"(?m)(?:^\|.*\|$\n?)+", text):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1
    assert "| - | oracle | 1.00 |" in text
    assert "| cues | 1 | 0.64 |" in text
    shown = plain("a*b_c _d_ @x #1 [l](http://e.org) www.e.org ~~s~~ x\ny")
    assert not re.search(r"[*@\[\]|`<>~]|(?<!&)#|://|www\.|\n| _|_ ", shown)
    assert "b_c" in shown


@pytest.mark.slow
def test_the_committed_board_is_what_its_results_give_in_five_seconds(tmp_path: Path) -> None:
    committed = Path(__file__).parents[3] / COMMITTED
    for path in committed.iterdir():
        if path.name != "board":
            (tmp_path / path.name).symlink_to(path)
    began = time.process_time()
    render(Results(tmp_path, pytest.fail))
    assert time.process_time() - began < 5
    files = {path for path in (committed / "board").rglob("*") if path.is_file()}
    assert files
    for path in files:
        assert path.read_bytes() == (tmp_path / path.relative_to(committed)).read_bytes()


@pytest.mark.slow
def test_time_grows_linearly_with_the_records(tmp_path: Path) -> None:
    """Of ten times the methods a board takes at most eleven times what the first ones took."""
    seconds = []
    for times in (1, 10):
        folder = tmp_path / str(times)
        names = {f"m{n}": 0.8 * n / (13 * times) for n in range(13 * times)}
        write(folder, [card(CORNER, "ppo-s0", 0.5, 0.5)], (), whole_records(names))
        began = time.process_time()
        render(Results(folder, pytest.fail))
        seconds.append(time.process_time() - began)
    print(
        f"{13 * len(RANKING) * SEEDS} records take {seconds[0]:.1f} s, ten times {seconds[1]:.1f}"
    )
    assert seconds[1] < 11 * seconds[0]
