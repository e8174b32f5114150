"""Pages of the documentation: links, generated parts, playgrounds, ghosts."""

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import mesa_gym
from agents.algorithms import ALGORITHMS
from docs._sphinx import build
from docs._sphinx.build import CERTIFICATES, write_page
from docs._sphinx.playgrounds import MOST_BYTES, MOST_TOGETHER, has_page, write_gallery_page
from docs._sphinx.site_links import COPIED, SITE_ONLY, relink
from mesa_gym.policies import as_policy
from mesa_gym.policies.names import references
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.rendering import render_rgb
from mesa_gym.report import read_committed
from mesa_gym.report.board_record import BOARD_FILE
from mesa_gym.report.committed import FOLDER, REFERENCES, TRICKS, list_committed, read_origins
from mesa_gym.report.origins import REVIEWS
from mesa_gym.scoring import score
from mesa_gym.scoring.least_sight import refuse_search
from mesa_gym.scoring.nulls import list_shown_nulls
from mesa_gym.solver.certificate import certify
from mesa_gym.trained.library import WEIGHTS, read_manifest
from mesa_gym.traps import Split, find_trap, package_traps
from mesa_gym.words import DETAILS, HEADLINES, MISGENERALIZED
from tests.support.browsing import Tab
from tests.support.markdown import list_links
from tests.support.parameters import few, thorough
from tests.validity.tricks import make_tricks

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCS = ROOT / "docs"
SPHINX = DOCS / "_sphinx"
# What the build writes need not be there yet.
GENERATED = {
    *(SPHINX / "traps" / f"{cls.__name__}.md" for cls in package_traps().values()),
    SPHINX / "traps" / "index.md",
    *(SPHINX / "reference" / name for name in ("commands.md", "score_card_json.md")),
    *COPIED.values(),
}
GUIDES, STUDIES = {*DOCS.glob("*.md")}, {*(DOCS / "studies").rglob("*.md")}
READABLE = {*GUIDES, *STUDIES, DOCS / "reference" / "index.md"}
OF_SITE = {*(SPHINX / "reference").glob("*.md")} - GENERATED
WRITTEN = sorted({*READABLE, *OF_SITE})
MOST_WORDS_OF_ALL = 36_400
MOST_WORDS_OF_STUDIES = 17_200
MOST_WORDS_OF_README = 450
SHELF = DOCS / "studies" / "index.md"
ABOVE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "agents/README.md")
READ = [*(ROOT / name for name in ABOVE), *WRITTEN]
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def toctree_of(page):
    """The pages that the tables of contents name, which the build adds to a page."""
    contents = SPHINX / "toctrees" / page.relative_to(DOCS)
    for block in TOCTREE.findall(contents.read_text()):
        for line in block.splitlines():
            if line and not line.startswith(":"):
                name = re.sub(r".*<(.+)>", r"\1", line)
                above = DOCS if name.startswith("/") else page.parent
                yield above / f"{name.removeprefix('/')}.md"


def test_build_finds_its_texts_and_links():
    pages = "".join(page.read_text() for page in WRITTEN)
    assert [text for text in SITE_ONLY if pages.count(text) != 1] == []
    text = "[a](../mesa_gym/traps/coin_run.py), [b](../mesa_gym/scoring/card.py), [c](../mesa_gym)"
    built = "[a](_sphinx/traps/CoinRun.md), [b](_sphinx/reference/score_card_json.md),"
    built += " [c](../mesa_gym)"
    assert relink(text, DOCS, DOCS) == built


def test_page_is_in_one_table_of_contents():
    """Studies are in the table of their own page."""
    named = [*toctree_of(DOCS / "index.md"), *toctree_of(DOCS / "reference" / "index.md")]
    assert len(named) == len(set(named))
    traps = {path for path in GENERATED if path.parent.name == "traps"}
    below = {*traps, *STUDIES} - {SPHINX / "traps" / "index.md", SHELF}
    paths = {link.partition("#")[0] for link in list_links(SHELF.read_text())}
    pages = {path for path in paths if not path.startswith("..")}
    listed = {DOCS / "studies" / page for page in pages}
    assert STUDIES - {SHELF} == listed, "a study has a row in docs/studies/index.md"
    assert {*named, DOCS / "index.md"} == {*WRITTEN, *GENERATED} - below


def count_words(page):
    """The words of a page without its tables, which no limit may hide."""
    lines = page.read_text().splitlines()
    return sum(len(line.split()) for line in lines if not line.startswith("|"))


def test_all_pages_together_are_short():
    words = {page: count_words(page) for page in {*DOCS.rglob("*.md")} - GENERATED}
    assert sum(count for page, count in words.items() if page in STUDIES) <= MOST_WORDS_OF_STUDIES
    assert sum(words.values()) <= MOST_WORDS_OF_ALL


def test_readme_has_little_prose():
    """Code, tables, badges, marks and the addresses of links do not count."""
    prose = re.sub(r"(?s:```.*?```|<!--.*?-->)|^\[!.*$|^\|.*$|!\[[^\]]*\]", "", README, flags=re.M)
    words = re.sub(r"\]\([^)]*\)", "", prose).split()
    assert {"robot", "corner.", "Gridworlds."} <= {*words}
    assert len(words) <= MOST_WORDS_OF_README


@pytest.mark.slow
def test_build_has_no_warning(tmp_path):
    pytest.importorskip("furo")
    built = tmp_path / "docs"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-c", "docs/_sphinx"]
    command += ["docs", str(built)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for path in (*WRITTEN, *GENERATED):
        page = built / path.relative_to(DOCS).with_suffix(".html")
        assert page.is_file(), f"no page was made of {path}"
    # Tables stand for what the build makes itself.
    doors = (built / "_sphinx" / "traps" / "RedBlueDoors.html").read_text()
    assert "ppo" in list_committed()
    assert {agent for agent in list_committed() if f"<p>{agent}</p>" not in doors} == set()
    stills = re.findall(r'src="(_images/[^"]+\.png)"', (built / "traps.html").read_text())
    assert {cls.__name__ for cls in package_traps().values()} <= {Path(x).stem for x in stills}
    assert all((built / still).is_file() for still in stills)
    assert {path.stem for path in (built / "_sphinx" / "traps" / "gallery").glob("*.html")} == {
        cls.__name__ for cls in package_traps().values() if has_page(cls())
    }
    assert "Attributes-v0" in (built / "studies" / "archive" / "README.html").read_text()


def test_glossary_has_verdicts_nulls_and_splits():
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    words = [*HEADLINES, *DETAILS, *list_shown_nulls("", ()), *(split.value for split in Split)]
    assert [word for word in words if word not in glossary] == []
    with_proxies = {cls.__name__ for cls in package_traps().values() if len(cls.proxies) > 1}
    assert with_proxies == {"Attributes"}, "the glossary says so"


def test_every_headline_says_whether_it_misgeneralized():
    assert [*MISGENERALIZED] == [*HEADLINES]
    assert {word: of.answer for word, of in MISGENERALIZED.items()}["proxy"] == "yes"


NAMED = "evaluate", "labels", "make_jax", "make_sb3", "make_torch", "objectives", "score"
FUNCTIONS = [as_policy, *(getattr(mesa_gym, name) for name in NAMED), render_rgb]
NEEDED = {"make_jax": "jax", "make_sb3": "stable_baselines3", "make_torch": "torch"}
LONG = mesa_gym.evaluate, mesa_gym.make_jax, mesa_gym.score


@pytest.mark.parametrize(
    "function",
    [thorough(x) if x in LONG else x for x in FUNCTIONS],
    ids=lambda function: function.__name__,
)
def test_example_of_docstring_gives_its_result(function):
    pytest.importorskip(NEEDED.get(function.__name__, "numpy"))
    (example,) = doctest.DocTestFinder(recurse=False).find(function, globs={})
    assert doctest.DocTestRunner().run(example) == doctest.TestResults(0, len(example.examples))
    assert len(example.examples) >= 3


PROGRAM = re.compile(r"\bpython -m ((?:docs|tests|benchmarks|agents)[\w.]*)")


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_programs_of_page_are_in_the_tree(page):
    if page == DOCS / "studies" / "archive" / "README.md":
        return
    named = {*PROGRAM.findall(page.read_text())}
    places = {name: ROOT / name.replace(".", "/") for name in named}
    for name, place in places.items():
        assert place.is_dir() or place.with_suffix(".py").exists(), name


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
        free, effect = 2 * seeds - 2, 0.1 / (spread * np.sqrt(2 / seeds))
        assert stats.nct.sf(stats.t.ppf(0.975, free), free, effect) >= 0.8


# -- build -----------------------------------------------------------------------------------------
KEPT = {certificate["trap"]: certificate for certificate in json.loads(CERTIFICATES.read_text())}


def test_certificates_of_all_traps_hold():
    assert KEPT.keys() <= package_traps().keys()
    for name, certificate in KEPT.items():
        assert certificate["holds"] is True, name
        assert certificate["levels"] == 1000
        assert ("separation" in certificate) == package_traps()[name].solvable
        assert [shared["same"] for shared in certificate["overlap"]] == [0, 0, 0]
        assert (certificate["least_sight"] is None) == bool(refuse_search(find_trap(name)()))


@pytest.mark.thorough
def test_committed_certificate_equals_a_fresh_one():
    """Only the cheapest certificate; `mesa-gym certify --json docs/certificates.json` makes all."""
    fresh = certify(find_trap("PointedGoal")()).to_json()
    searched = {"least_sight": KEPT["PointedGoal-v0"]["least_sight"]}
    assert json.loads(json.dumps(fresh | searched)) == KEPT["PointedGoal-v0"]


@pytest.mark.thorough
def test_page_has_committed_cards(tmp_path, monkeypatch):
    """One seed that goes to the corner and one that stays, above untrained policies."""
    cards = [score("stay", "PointedGoal", levels=2)]  # of another trap
    cards.append(score("sweeper", "CheeseCorner", levels=20))
    for seed, policy in enumerate(("oracle:corner", "stay")):
        cards.append(score(policy, "CheeseCorner", levels=20, name=f"ppo-s{seed}"))
    monkeypatch.setattr(build, "_read_cards", lambda: cards)
    page = write_page(find_trap("CheeseCorner"), tmp_path).read_text()
    row = "| ppo | 2 | proxy (corner) 1, fails task 1 (success rate 0.00) | 1 of 2 |"
    assert f"\n{row}" in page
    assert page.index(row) < page.index("\n| sweeper | 1 |")
    assert "- `proxy`: " in page


# -- playgrounds -----------------------------------------------------------------------------------
NAMES = [cls.__name__ for cls in package_traps().values()]
LIVE = [name for name in NAMES if name not in ("MonsterWorld", "TreeFarm")]
VISITED = ["KeysChests", "CheeseCorner"]  # the largest page, and one of a trap about places


def test_playgrounds_need_exact_solver_without_chance():
    assert [name for name in NAMES if has_page(find_trap(name)())] == LIVE


@pytest.mark.slow
def test_all_pages_together_are_small(tmp_path):
    pages = [write_gallery_page(find_trap(name)(), tmp_path) for name in LIVE]
    sizes = {page.stem: page.stat().st_size for page in pages}
    assert [*sizes] == LIVE
    assert max(sizes.values()) <= MOST_BYTES
    assert sum(sizes.values()) <= MOST_TOGETHER


@pytest.mark.parametrize("name", few(LIVE, thorough=VISITED))
def test_gallery_page_is_small_and_fits_width(browser, tmp_path, name):
    trap = find_trap(name)()
    path = write_gallery_page(trap, tmp_path / "board")
    assert path.stat().st_size <= MOST_BYTES
    for width in (390, 1400):
        tab = Tab(browser, tmp_path, viewport={"width": width, "height": 844})
        page = tab.open(path.name)
        page.wait_for_selector("body[data-ready]")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        tab.close()


@pytest.mark.parametrize("name", few(VISITED, thorough=VISITED[:1]))
def test_trap_page_opens_with_colours_it_names(browser, tmp_path, name):
    text = write_page(find_trap(name), tmp_path / "board").read_text()
    address = re.search(r'<iframe class="playground" src="([^"]+)"', text)[1]
    assert "colours say" in text.partition("<iframe")[0]
    pictures = []
    for opened in (address, address.partition("#")[0]):
        tab = Tab(browser, tmp_path)
        page = tab.open(opened)
        page.wait_for_selector("body[data-ready]")
        pictures.append(page.locator("canvas").first.evaluate("(c) => c.toDataURL()"))
        legend = page.locator("#legend").inner_text()
        assert legend.startswith("Colours say") == (opened == address)
        tab.close()
    assert pictures[0] != pictures[1]


# -- ghosts ----------------------------------------------------------------------------------------
CLAIM = re.compile(r"^### (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"`((?:mesa-gym|python) [^`]+)`")
# Command of a claim -> what makes it quick; a whole command where words behind it do not.
QUICK = {
    "mesa-gym certify": "CheeseCorner --levels 100",
    "mesa-gym compare ppo sb3-ppo": "",
    "mesa-gym compare ppo taught": "",
    "mesa-gym leaderboard": "",
    "mesa-gym sweep CoinRun CheeseCorner --vary alpha=.01 --seeds 5-9 --algo ppo"
    " agents.cures:replay_by_regret agents.cures:replay_at_random --out runs/replay": "python -m"
    " mesa_gym sweep CheeseCorner --algo agents.cures:replay_by_regret --vary alpha=.1 steps=600"
    " num_levels=50 --seeds 5-5 --levels 25 --out {out}",
    "mesa-gym sweep CoinRun CheeseCorner --algo agents.cures:crossing_by_regret --vary alpha=0.001"
    " --seeds 10-14 --out runs/crossing": "python -m mesa_gym sweep CheeseCorner --algo"
    " agents.cures:crossing_by_regret --vary alpha=.1 steps=600 num_levels=50 --seeds 5-5"
    " --levels 25 --out {out}",
    "mesa-gym sweep CoinRun --vary alpha=0,.02 --seeds 5-9 --out runs/coin": "python -m mesa_gym"
    " sweep CoinRun --vary alpha=.02 steps=600 num_levels=50 --seeds 5-5 --levels 25 --out {out}",
    "mesa-gym train ColourShape --seeds 0-19 --out runs/colour": "python -m mesa_gym train"
    " ColourShape --seeds 0-0 --steps 600 --out {out}",
    "python docs/examples/plant_a_goal.py --conflict 0.2 --paid dish": "--steps 2 --levels 2",
    "mesa-gym sweep FlashOrPay --algo ppo-gru --vary flash_planes=1,2,3 told_planes=1,3 --out"
    " runs/planes": "python -m mesa_gym sweep FlashOrPay --algo ppo-gru --vary steps=600"
    " flash_planes=2 --seeds 0-0 --levels 25 --out {out}",
    "python -m benchmarks board run --budget leaderboard": "python -m benchmarks board run"
    " --traps CheeseCorner --algorithms ppo --seeds 1 --steps 1 --levels 2 --out {out}",
    "python -m benchmarks board run --traps CoinRun FollowMe CheeseCorner --seeds 5": "python -m"
    " benchmarks board run --traps CheeseCorner --algorithms ppo --seeds 1 --steps 1 --levels 2"
    " --out {out}",
    "python -m benchmarks.device": "--traps CheeseCorner --seeds 1 --steps 1 --device cpu",
    "python -m docs.examples.retarget": "",
    "python -m docs.studies.habit CheeseCorner CoinRun": 'python -c "'
    "import docs.studies.habit.__main__ as it;"
    " it.LEVELS = 25; assert [*it.score_habits('CheeseCorner-v0')]\"",
    "python -m docs.studies.pursuit CheeseCorner --salt pursuit --policy ppo-planner:0"
    " ppo-alpha0.5-cheese:0": "--levels 40",
    "python -m docs.studies.simplicity agents runs/simplicity": 'python -c "'
    "from pathlib import Path; from docs.studies.simplicity import design, shares as it;"
    " design.STEPS, design.SEEDS = dict.fromkeys(design.STEPS, 600), range(1); it.LEVELS = 25;"
    " it.list_plan = lambda: [('ppo', design.Combination('one', 'one'), 0.0)];"
    " assert [*it.add_rows(Path('{out}'), Path('{out}/rows.csv'))]\"",
    "python -m docs.writers": 'python -c "import docs.writers.parts as it; it.write_parts()"',
    "python -m pytest -m slow tests/solver/test_store.py": "-k CheeseCorner",
    "python -m pytest tests/envs/test_vector.py": "-k CheeseCorner",
    "python -m pytest tests/scoring/test_card.py": "",
    "python -m pytest tests/solver/test_values.py": "",
    "python -m pytest tests/traps tests/conformance": "-k CheeseCorner",
    "python -m pytest tests/validity -m calibrate": "-k AbsentSupervisor",
    "python -m tests.validity.planted runs/planted": "python -m tests.validity.planted {out}"
    " ChuteOrFire",
    'python -m pytest -m "" tests/pages -k playground': "-k 'playground and CheeseCorner'",
}


def list_ghosts():
    """Yield each committed row, weight file and origin that no algorithm of main makes."""
    ours = {name: entry for name, entry in read_origins().items() if entry.standing == "ours"}
    tricks = make_tricks(find_trap("OversightLamp")())
    for card in read_committed():
        agent, seed = agent_and_seed(card.policy)
        if seed is not None and agent not in ours:
            continue  # it was sent in
        untrained = {*references(find_trap(card.trap)), *tricks}
        if agent not in (untrained if seed is None else ALGORITHMS):
            yield f"card {card.policy} on {card.trap}"
    for name in ours.keys() - {REFERENCES, TRICKS}:
        if f" --algorithms {name} " not in ours[name].command:
            yield f"origin of {name}"
    entries = {WEIGHTS / entry.weights: entry for entry in read_manifest()}
    for entry in entries.values():
        if entry.algo not in ALGORITHMS or f" --algo {entry.algo} " not in entry.command:
            yield f"entry {entry.weights}"
    yield from (f"file {file}" for file in {*WEIGHTS.rglob("*.safetensors")} - entries.keys())
    files = [*list_committed(), REFERENCES, TRICKS]
    names = {f"{name}.jsonl.xz" for name in files} | {BOARD_FILE, REVIEWS}
    yield from (f"file {file}" for file in FOLDER.iterdir() if file.name not in names)


@pytest.mark.thorough
def test_every_row_and_weight_has_an_algorithm():
    assert [*list_ghosts()] == []


def test_every_claim_has_evidence_null_or_sample():
    claims = dict(CLAIM.findall((ROOT / "docs" / "claims.md").read_text()))
    assert len(claims) > 10
    for claim, text in claims.items():
        marks = set(re.findall(r"^- (\w+(?: \w+)?):", text, re.MULTILINE))
        assert {"Evidence", "Weakest link"} <= marks, claim
        assert marks & {"Null", "Looked at"}, claim
        assert COMMAND.findall(text), f"{claim}: its evidence names no command"


COMMANDS = sorted({*COMMAND.findall((ROOT / "docs" / "claims.md").read_text())})


def test_every_command_of_claims_has_quick_form():
    assert {*COMMANDS} == QUICK.keys()
    named = {word for command in COMMANDS for word in command.split() if word.startswith("tests/")}
    assert len(named) > 4
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_evidence_of_claims_runs(command, tmp_path):
    quick = QUICK[command]
    line = quick if quick.startswith("python ") else f"{command} {quick}"
    program, *words = shlex.split(line.format(out=tmp_path / "out"))
    if program == "mesa-gym":  # it writes a picture into the working folder
        words = ["-m", "mesa_gym", *words]
    where = {"cwd": tmp_path if program == "mesa-gym" else ROOT}
    where["env"] = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, *words], capture_output=True, text=True, **where)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
