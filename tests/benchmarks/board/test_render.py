"""The files of `render`: pages that are whole, linked and harmless, and what stands beside them."""

import csv
import io
import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from boards import (
    CORNER,
    DOORS,
    EVIL,
    KEYS,
    LAVA,
    MONSTERS,
    RANKED,
    WORSE,
    card,
    method,
    whole_records,
    write,
)
from msgspec import structs

from benchmarks.board import commands as leaderboard
from benchmarks.board.board import read
from benchmarks.board.columns import COLUMNS
from benchmarks.board.pages import slug
from benchmarks.board.render import render
from benchmarks.board.spreadsheet import spreadsheet
from benchmarks.markdown import plain
from benchmarks.runs.results import COMMITTED, Results
from benchmarks.tracks.record import Origin, Verified, record_path
from benchmarks.tracks.tasks import RANKING, SEEDS
from mesa_gym.report import interval, mean_over_traps
from mesa_gym.report.groups import agent_and_seed
from mesa_gym.scoring import ScoreCard
from mesa_gym.trained.record import AgentRecord

VOID = ("meta", "img", "input", "br")


class BoardPage(HTMLParser):
    """Checks that tags are balanced, and notes what can be linked to and what is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []
        self.ids = [given["id"] for _, given in self.tags if given.get("id")]
        self.words = " ".join(" ".join(self.text).split())

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [given for name, given in self.tags if name == tag]


@pytest.fixture(scope="module")
def pages(rendered: Path) -> dict[Path, BoardPage]:
    """Every page, by its path."""
    return {file: BoardPage(file.read_text()) for file in (rendered / "board").glob("**/*.html")}


@pytest.fixture(scope="module")
def words(rendered: Path, pages: dict[Path, BoardPage]) -> dict[str, str]:
    """The text of each page, by its address."""
    return {str(file.relative_to(rendered / "board")): page.words for file, page in pages.items()}


def test_there_is_a_page_for_each_agent_and_each_trap(words: dict[str, str], pages) -> None:
    traps = {Path(address).stem for address in words if address.startswith("traps")}
    assert traps == {*RANKED, MONSTERS, LAVA}
    agents = {text.split(": mesa_gym")[0] for at, text in words.items() if at.startswith("agents")}
    assert agents == {"ppo", "dqn", "plr", EVIL, WORSE}
    (ppo,) = (page for file, page in pages.items() if file.name == "ppo.html")
    assert len(ppo.all("img")) >= 1 + 6 * 3  # the film; start, middle and end on each trap


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (
            "atlas.html",
            "ppo goes for either target by the verdict of each seed on 1 of 6 traps, chooses by the"
            " level on 1, fits no one word on 1 and has verdicts that differ on 3.",
        ),
        *(
            ("atlas.html", x)
            for x in ("Traps with a choice", "Traps judged by returns", EVIL, WORSE)
        ),
        (f"traps/{CORNER}.html", "0.50 to 0.90 (two seeds)"),
        *(("index.html", x) for x in ("coverage, closed division", "labels: preferences, closed")),
        ("index.html", "planner privileged – 0.04"),
        ("index.html", "Checks, which use no information: random: 0 on every track."),
        ("index.html", "These results hold no method of this division yet."),
        ("index.html", "How to enter"),
        ("tasks.html", "CheeseCorner place cheese, corner CheeseCorner 3,200,000"),
        ("agents/ppo.html", f"python -m agents.train --trap {CORNER} --seed 0"),
        ("agents/ppo.html", f"ppo-s0 on {CORNER}, level 0, proxy:corner"),
        ("agents/dqn.html", "Nothing is recorded of its training"),
        ("agents/plr.html", "up to alpha 0.03"),
    ],
)
def test_a_page_says(address: str, told: str, words: dict[str, str]) -> None:
    assert told in words[address]


def test_what_an_agent_did_not_declare_is_said_to_be_not_declared(tmp_path: Path) -> None:
    """A submission says neither its steps nor its levels; "all" would be a claim."""
    submitted = AgentRecord(trap=CORNER, name="mine-s0", seed=0, about="PPO (A. Person)")
    folder = write(tmp_path, [card(CORNER, "mine-s0", 0.2, 0.7)], [submitted])
    render(Results(folder, pytest.fail))
    row = BoardPage((folder / "board/agents/mine.html").read_text()).words
    assert f"{CORNER} 0 not declared not declared not declared" in row
    assert "network not declared" in row


def test_ids_are_unique_and_every_link_leads_somewhere(pages: dict[Path, BoardPage]) -> None:
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
    assert followed > 100


def test_pages_fetch_nothing_and_run_one_script_whatever_agents_are_called(pages) -> None:
    for file, page in pages.items():
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


def test_the_first_page_asks_shows_ranks_and_draws(rendered: Path) -> None:
    """In this order: the question, a task's two levels, curves, the table; the atlas elsewhere."""
    page = (rendered / "board" / "index.html").read_text()
    parts = ["which of the two does a method go for", "CheeseCorner in training"]
    parts += ["<polyline", '<table class="sortable standings">', "How to enter"]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    first = page[: page.index("</table>")]
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', first)
    assert heads[:3] == ["method", "place", "mean"]  # which a phone shows
    assert heads[4:] == [*("coverage", "labels", "ask", "rare", "CPU hours", "date", "verified")]
    assert 'class="sortable matrix"' not in page
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
    words = BoardPage(text).words
    assert "CoinRun 0.50 – – – coin 0.93, far_end 0.88" in words
    tasks = BoardPage((tmp_path / "board" / "tasks.html").read_text()).words
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
    assert "What the verdicts say" not in told
    assert "planner privileged" in words["index.html"]
    assert "Not ranked in the closed division: privileged." in words["methods/planner.html"]
    assert "cues 1 0.64" in words["index.html"]


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
        page = BoardPage(text)
        assert [g["href"] for g in page.all("a") if ":" in (g["href"] or "")] == [code], paper
        (link,) = (given for given in page.all("a") if given["href"] == code)
        assert link["rel"] == "noopener noreferrer"
        assert f"paper {' '.join(paper.split())} " in page.words
        assert f"authors {EVIL}, {WORSE} code {code} commit {WORSE}" in page.words
        assert f"by {EVIL} on 2026-11-24" in page.words
        assert page.all("script") == [{}]
        assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    assert "<" not in index.with_name("board.md").read_text()
    assert BoardPage(index.read_text()).all("script") == [{}]


def test_what_holds_for_all_results_stands_on_the_board_where_it_is_written(
    rendered: Path, tmp_path: Path
) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)])
    (tmp_path / "notice.md").write_text("Of older levels <b>.\n")
    index = render(Results(tmp_path, pytest.fail))
    assert "Of older levels <b>." in BoardPage(index.read_text()).words
    text = index.with_name("board.md").read_text()
    assert text.index("older levels") < text.index("## Closed division")
    assert "<" not in text
    for page in (rendered / "board" / "index.html", rendered / "board" / "board.md"):
        assert "older levels" not in page.read_text()


def test_the_tracks_say_that_methods_run_behind_a_wall(rendered: Path, words) -> None:
    assert "A method runs in a locked process of its own for each call" in words["index.html"]


def test_a_traps_page_puts_first_who_falls_for_it(rendered: Path) -> None:
    text = (rendered / "board" / "traps" / f"{CORNER}.html").read_text()
    rows = re.findall(r'<tr><th scope="row"[^>]*>(.*?)</th>', text)
    names = [re.sub("<.*?>", "", row) for row in rows]
    # b is 0.1, 0.5, 0.55 and 0.75; the references follow.
    assert [names[0], *names[2:4]] == ["ppo", "dqn", "plr alpha 0.03"]
    assert names[4:] == [
        "oracle:cheese",
        "oracle:corner",
        "either",
        "aimless",
        "random",
        "stay",
        "sweeper",
    ]


def test_addresses_are_safe_and_differ() -> None:
    names = ["ppo", "PPO", "Ppo", "a/b", "a-b", "..", ".", "x" * 300, "con\x00", "\ud800", "é", "è"]
    slugs = [slug(name) for name in names]
    assert slugs[0] == "ppo"
    assert len({each.lower() for each in slugs}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,70}", each) for each in slugs)


def test_markdown_has_every_table_and_no_markup_from_names(rendered: Path) -> None:
    text = (rendered / "board" / "board.md").read_text()
    assert "<" not in text
    for table in re.findall(r"(?m)(?:^\|.*\|$\n?)+", text):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1
    assert "| KeysChests-v0 | ppo | 2 by level, 1 incapable | 0.30 / 0.60 / 0.10 |" in text
    assert "| KeysChests-v0 | null: drift of ppo |  | 0.15 / 0.30 / 0.55 |" not in text
    assert "| KeysChests-v0 | null: drift |  | 0.15 / 0.30 / 0.55 |" in text
    assert "| cues | 1 | 0.64 |" in text
    shown = plain("a*b_c _d_ @x #1 [l](http://e.org) www.e.org ~~s~~ x\ny")
    assert not re.search(r"[*@\[\]|`<>~]|(?<!&)#|://|www\.|\n| _|_ ", shown)
    assert "b_c" in shown


def test_the_sheet_has_a_line_for_each_number_of_each_card_and_the_nulls(rendered: Path) -> None:
    lines = list(csv.DictReader(io.StringIO((rendered / "board" / "board.csv").read_text())))
    cards = [ScoreCard.load(path) for path in rendered.glob("cards/*/*.json")]
    # And the columns of the board, of each agent and reference policy.
    rows = {(each.trap, agent_and_seed(each.policy)[0]) for each in cards}
    numbers = sum(len([*each.rows()]) for each in cards)
    assert len(lines) == numbers + len(rows) * len(COLUMNS)
    names = ("trap", "agent", "seed", "split", "measure", "of")
    found = {tuple(line[name] for name in names): line for line in lines}

    def line(trap: str, seed: str, measure: str, of: str, agent="ppo", split="shift"):
        return found[trap, agent, seed, split, measure, of]

    keys = line(KEYS, "1", "choice", "keys")
    assert (keys["verdict"], keys["base"], keys["reference"]) == ("incapable", "no", "no")
    assert [float(keys[x]) for x in ("value", "sweeper", "uniform", "drift", "alpha")] == [
        *(0.6, 0.45, 0.2, 0.3, 0.0)
    ]
    n = line(KEYS, "1", "normalized_return", "chests", split="test")
    assert (n["base"], n["value"], n["sweeper"]) == ("yes", "0.5", "0.0")
    assert line(MONSTERS, "2", "choice", "")["value"] == ""
    place = line(MONSTERS, "2", "between", "shields")["value"]
    assert float(place) == pytest.approx(0.2 + 0.4)
    assert float(line(DOORS, "0", "twins", "same_object")["value"]) == pytest.approx(8 / 18)
    assert line(CORNER, "0", "lead", "corner", "plr")["alpha"] == "0.03"
    assert line(CORNER, "", "lead", "corner", "random")["reference"] == "yes"


def test_below_each_agent_of_a_page_stand_the_nulls(rendered: Path) -> None:
    board = rendered / "board"
    for page in (f"traps/{CORNER}.html", "agents/ppo.html"):
        text = (board / page).read_text()
        (table,) = re.findall(r'<table class="sortable measures">.*?</table>', text, re.DOTALL)
        body = table[table.index('<tbody class="agents">') :].partition("</tbody>")[0]
        agents, nulls = body.count("<tr>"), body.count('<tr class="null">')
        assert nulls == 3 * agents > 0
        for group in body.split("<tr>")[1:]:
            names = re.findall(r"null: (\w+)", group)
            assert names == ["sweeper", "uniform", "drift"]
        widths = {row.count("<td") + row.count("<th") for row in re.split("<tr", body)[1:]}
        assert len(widths) == 1


def test_the_atlas_has_thin_bars_of_the_sweeper_and_the_drift(rendered: Path) -> None:
    text = (rendered / "board" / "atlas.html").read_text()
    cell = re.search(
        rf'{CORNER[:-3]}</a></th>.*?<td data-key="agents/ppo.html".*?</td>', text, re.DOTALL
    )
    assert cell is not None
    cell = cell[0][cell[0].index('<td data-key="agents/ppo.html"') :]
    bars = re.findall(r'<svg class="(bar.*?)" .*?</svg>', cell)
    assert bars == ["bar", "bar thin", "bar thin"]
    widths = [re.findall(r'width="([\d.]+)%"', bar) for bar in cell.split("<svg")[1:]]
    assert widths[1:] == [["40.0", "45.0", "15.0"], ["15.0", "30.0", "55.0"]]
    title = re.search(r'title="(.*?)"', cell)
    assert title is not None
    assert title[1] == (
        "0.10 / 0.80 / 0.10; sweeper 0.40 / 0.45 / 0.15; uniform 0.25 / 0.20 / 0.55;"
        " drift 0.15 / 0.30 / 0.55"
    )


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_of_the_sheet_is_a_formula(sign: str, tmp_path: Path) -> None:
    name = f'{sign}cmd|"x",1'
    write(tmp_path, [card(CORNER, f"{name}-s0", 0.5, 0.5)])
    lines = [*csv.DictReader(io.StringIO(spreadsheet(read(Results(tmp_path)))))]
    assert {line["agent"] for line in lines} == {f"'{name}"}
    (line,) = (line for line in lines if (line["measure"], line["of"]) == ("lead", "corner"))
    assert (line["value"], line["sweeper"]) == ("1.0", "0.0")


def test_pages_of_an_earlier_board_go(tmp_path: Path, capsys) -> None:
    write(tmp_path, [card(CORNER, f"{name}-s0", 0.5, 0.5) for name in ("ppo", "old")])
    command = ["render", "--out", str(tmp_path)]
    assert leaderboard.main(command) == 0
    (tmp_path / "cards" / CORNER / "old-s0.json").unlink()
    (tmp_path / "board" / "agents" / "note.txt").write_text("mine")
    assert leaderboard.main(command) == 0
    left = {path.name for path in (tmp_path / "board" / "agents").iterdir()}
    assert left == {"ppo.html", "note.txt"}
    assert str(tmp_path / "board" / "index.html") in capsys.readouterr().out


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
