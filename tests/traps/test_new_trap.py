"""The parts of a package trap beside its file."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.plan import list_single_traps
from docs._sphinx.playgrounds import find_agents
from mesa_gym.solver.cache import STANDARD_FOLDER
from mesa_gym.traps import find_trap, package_traps, sources
from tests.support.parameters import FINISHED, UNTRAINED

ROOT = Path(__file__).parents[2]
CERTIFICATES = ROOT / "docs" / "certificates.json"
PAPERS = [paper for name, paper in vars(sources).items() if name.isupper()]


def list_missing(cls):
    """Yield what a trap lacks, each with the command or the file that gives it."""
    name, module = cls.name(), cls.__module__.rpartition(".")[2]
    if name not in FINISHED:
        yield "digests: `make digests` writes them to tests/golden/digests.json"
    if name not in {x["trap"] for x in json.loads(CERTIFICATES.read_text())}:
        command = f"mesa-gym certify {cls.__name__} --json docs/certificates.json"
        yield f"a certificate: `{command}`"
    if not [*STANDARD_FOLDER.glob(f"{name}-*.npz")]:
        yield f"values of its standard levels: `make values TRAP={cls.__name__}`"
    if not cls.source.startswith(("own idea", *PAPERS)):
        yield "a paper: begin `source` with one of mesa_gym/traps/sources.py, or with 'own idea'"
    if len(cls.proxy_is) != len(cls.proxies):
        yield "`proxy_is`, a kind for each proxy: declare it in the class"
    if cls in list_single_traps() and not find_agents(cls(), 1) and name not in UNTRAINED:
        command = f"python -m benchmarks library make --traps {cls.__name__}"
        yield f"agents of the library: `{command}`"
    tests = (path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    tested = re.compile(rf"from mesa_gym\.traps\.{module} import .*\b{cls.__name__}\b")
    if not any(map(tested.search, tests)):
        yield "a test of its rules by hand: write one in tests/traps"


@pytest.mark.thorough
def test_every_trap_has_sprites_words_and_pages():
    missing = [
        f"{name} needs {part}"
        for name, cls in package_traps().items()
        for part in list_missing(cls)
    ]
    if missing:
        pytest.fail("\n".join([*missing, "See CONTRIBUTING.md, Adding a trap."]), pytrace=False)


@pytest.mark.usefixtures("registry")
def test_list_missing_names_what_own_traps_lack():
    lacking = [*list_missing(find_trap(f"{ROOT}/mesa_gym/cli/example_trap.py:Mushrooms"))]
    named = [part.partition(":")[0] for part in lacking]
    solved, tests = "values of its standard levels", "a test of its rules by hand"
    assert named == ["digests", "a certificate", solved, "agents of the library", tests]
