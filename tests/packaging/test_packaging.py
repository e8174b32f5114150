"""Contents and metadata of the wheel and the source distribution; one version everywhere."""

import os
import re
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from trove_classifiers import classifiers

import mesa_gym
from mesa_gym.cli.extras import PACKAGE_OF
from tests.packaging.distributions import ROOT, build, checkout, run

REPOSITORY = "https://github.com/mesa-gym/mesa-gym"
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
HEAD = re.compile(r"^## \[(?P<version>\d+\.\d+\.\d+)\] - (?P<when>\S+)$", re.MULTILINE)
WEIGHTS = "mesa_gym/trained/weights/"


SHIPPED = re.compile("/ppo(-planner-.*|-gru-s0|-s0).safetensors$")


def find_networks():
    """Networks of the library that only a checkout has: each is as large as all planners."""
    weights = {name for name in checkout() if name.startswith(WEIGHTS)}
    return {n for n in weights if n.endswith(".safetensors") and not SHIPPED.search(n)}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("only git knows what belongs to the checkout")
    return build(tmp_path_factory.mktemp("built"))


@pytest.mark.thorough
def test_wheel_holds_exactly_the_package(built):
    with ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
    about = f"mesa_gym-{mesa_gym.__version__}.dist-info/"
    of_package = {name for name in names if not name.startswith(about)}
    checked_out = {name for name in checkout() if name.startswith("mesa_gym/")}
    assert of_package == checked_out - find_networks()
    for trap, agent in (("CheeseDish", "ppo-planner-s4"), ("KeysChests", "ppo-s0")):
        assert f"{WEIGHTS}{trap}-v0/{agent}.safetensors" in of_package
    assert built.wheel.stat().st_size < 8e6
    assert {"mesa_gym/py.typed", "mesa_gym/report/templates/page.css"} <= of_package
    assert f"{about}licenses/LICENSE" in names


@pytest.mark.thorough
def test_sdist_holds_the_checkout_without_run_outputs(built):
    folder = f"mesa_gym-{mesa_gym.__version__}/"
    with tarfile.open(built.sdist) as sdist:
        names = {m.name.removeprefix(folder) for m in sdist.getmembers() if m.isfile()}
    written = {name for name in names if name.startswith("mesa_gym.egg-info/")} | {"PKG-INFO"}
    networks = find_networks()
    assert names - written == checkout() - networks
    assert len(networks) > 20
    # The committed cards are packed already, and grow with each algorithm.
    cards = sum(path.stat().st_size for path in (ROOT / "mesa_gym/report/cards").iterdir())
    assert built.sdist.stat().st_size - cards < 7e6
    assert sum((ROOT / n).stat().st_size for n in networks) > 3e6


def read_facts(sdist):
    """Return the dates, users and modes of the files of a source distribution."""
    with tarfile.open(sdist) as packed:
        return {(m.mtime, m.uid, m.gid, m.mode) for m in packed.getmembers()}


@pytest.mark.thorough
def test_make_dist_twice_gives_the_same_bytes(built, tmp_path):
    """The second one a second later, in another folder, with another umask."""
    made = []
    for name, umask in (("one", 0o022), ("another", 0o027)):
        run("git", "clone", "--quiet", ROOT, folder := tmp_path / name)
        (folder / ".venv").mkdir()
        usual = os.umask(umask)
        bin, stamp = Path(sys.executable).parent, ".venv/.installed"
        run("make", "-C", folder, "-o", stamp, "dist", f"BIN={bin}", "BUILD=--no-isolation")
        os.umask(usual)
        made.append(sorted((folder / "dist").iterdir()))
    for one, other in zip(*made, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()
    with ZipFile(made[0][0]) as wheel:
        assert b"</html>" in wheel.read("mesa_gym/viewer/pages/lesson.html")
    when = int(run("git", "-C", ROOT, "log", "-1", "--format=%ct"))
    assert read_facts(made[0][1]) == {(when, 0, 0, 0o644), (when, 0, 0, 0o755)}


@pytest.mark.thorough
def test_extras_bring_what_they_need_beyond_core(built):
    """Films have an extra of their own: ffmpeg has 165 MB, more than the viewer's other needs."""
    needed = [Requirement(line) for line in built.metadata().get_all("Requires-Dist", [])]
    core = {need.name for need in needed if need.marker is None}
    assert core == {"array-api-compat", "gymnasium", "msgspec", "numpy"}

    def brought(extra):
        found = {n for n in needed if n.marker and n.marker.evaluate({"extra": extra})}
        inner = {each for need in found if need.name == "mesa-gym" for each in need.extras}
        return {need.name for need in found}.union(*map(brought, inner))

    assert brought("viewer") == {"pygame-ce"}
    assert brought("films") == {"mesa-gym", "pygame-ce", "imageio-ffmpeg"}
    # A hundred packages come with openenv, and its mcp 1 fights others' mcp 2; who has a cluster
    # runs a checkout.
    apart = {"all", "cluster", "dev", "docs", "openenv"}
    extras = set(built.metadata().get_all("Provides-Extra", [])) - apart
    assert brought("all") >= set.union(*map(brought, extras))
    assert brought("start") == {"mesa-gym"}.union(*map(brought, ("report", "sb3", "viewer")))


@pytest.mark.thorough
def test_extras_that_messages_name_exist(built):
    sources = "".join(path.read_text() for path in (ROOT / "mesa_gym").rglob("*.py"))
    named = set(re.findall(r'missing_extra\(.+, "(\w+)"\)', sources))
    named |= {extra for _, extra in PACKAGE_OF.values()}
    assert {"films", "sb3", "viewer"} <= named
    assert named <= set(built.metadata().get_all("Provides-Extra", []))


@pytest.mark.thorough
def test_metadata_can_be_shown_by_an_index(built):
    metadata = built.metadata()
    assert metadata["Name"] == "mesa-gym"
    assert metadata["Version"] == mesa_gym.__version__
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    assert metadata["Description-Content-Type"] == "text/markdown"
    shown = metadata.get_payload(decode=True).decode()
    targets = re.findall(r"\]\(([^)]+)\)", shown)
    assert len(targets) > 3
    assert [target for target in targets if not target.startswith("https://")] == []
    named = re.findall(rf"{REPOSITORY}/(?:blob|raw|tree)/main/([^)#]+)", shown)
    assert [name for name in named if not (ROOT / name).exists()] == []
    named = metadata.get_all("Classifier", [])
    assert set(named) <= classifiers


def test_pythons_are_those_of_the_classifiers():
    """CI and the documents name the same versions."""
    listed = re.findall(r"Python :: 3\.(\d+)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    for name in ("ci", "release"):
        workflow = (ROOT / f".github/workflows/{name}.yml").read_text()
        (matrix,) = re.findall(r"python: \[(.*)\]", workflow)
        assert re.findall(r'"3\.(\d+)"', matrix) == listed
    for page, places in (("README.md", 2), ("docs/start.md", 1)):
        text = (ROOT / page).read_text()
        told = re.findall(r"Python:? 3\.(\d+) to 3\.(\d+)|3\.(\d+)%20to%203\.(\d+)", text)
        spans = [tuple(filter(None, span)) for span in told]
        assert spans == [(listed[0], listed[-1])] * places


def test_version_and_date_agree():
    top = HEAD.search(CHANGELOG)
    citation = (ROOT / "CITATION.cff").read_text()
    cited = dict(re.findall(r"^(version|date-released): (.*)$", citation, re.MULTILINE))
    assert top["version"] == cited["version"] == mesa_gym.__version__
    # A date where it is out, and none where it is not.
    assert cited.get("date-released", "unreleased") == top["when"]
