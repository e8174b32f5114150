"""Adapters of installed libraries, which register themselves by an entry point."""

import re
import sys
from pathlib import Path

import pytest

from mesa_gym.policies import adapters, as_policy
from mesa_gym.scoring import score
from mesa_gym.traps import find_trap
from tests.support.refusals import refusals

PAGE = Path(__file__).parents[2] / "docs" / "what_can_be_scored.md"
TRAP = find_trap("CheeseCorner")()
LIBRARY = '''
import numpy as np

class Model:
    """Goes up and left by turns, whatever it sees; not callable, and without `act`."""

    def choose(self, observations):
        return np.where(np.arange(len(observations)) % 2, 0, 3)
'''


def read_blocks():
    """The page's entry point and adapter."""
    (section,) = re.findall(r"^## Another library\n(.*?)^## ", PAGE.read_text(), re.DOTALL | re.M)
    return re.findall(r"^```\w+\n(.*?)^```$", section, re.DOTALL | re.M)


def install(folder, monkeypatch, adapter, entry="toy = toy_adapter"):
    """Put a library with an adapter into a folder as pip would, and find it there."""
    (folder / "toy.py").write_text(LIBRARY)
    (folder / "toy_adapter.py").write_text(adapter)
    info = folder / "toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{adapters.ADAPTERS_GROUP}]\n{entry}\n")
    monkeypatch.syspath_prepend(folder)
    adapters.list_adapters.cache_clear()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A function that installs the toy library, which is gone after the test."""
    yield lambda *args, **options: install(tmp_path, monkeypatch, *args, **options)
    adapters.list_adapters.cache_clear()
    for name in ("toy", "toy_adapter"):
        sys.modules.pop(name, None)


@pytest.mark.thorough
def test_registered_library_scores_its_model(toy):
    heading, adapter = read_blocks()
    assert heading.endswith(
        f'[project.entry-points."{adapters.ADAPTERS_GROUP}"]\ntoy = "toy_adapter"\n'
    )
    toy(adapter)
    import toy as library

    card = score(library.Model(), TRAP, levels=20)
    expected = score(lambda observations: library.Model().choose(observations), TRAP, levels=20)
    assert card.evidence == expected.evidence
    assert card.policy == "Model"
    assert card.provenance.versions["toy (adapter toy)"] == "1.0"


def test_page_adapter_takes_models_of_submodules(toy):
    toy(read_blocks()[1])
    model = type("Model", (), {"__module__": "toy.models", "choose": len})()
    entry_points = adapters.list_adapters().values()
    assert [(x.name, error) for x, error in adapters.ask_adapters(entry_points, model)] == [
        ("toy", None)
    ]


def test_library_leaves_other_objects_alone(toy):
    _, adapter = read_blocks()
    policy = as_policy("random", TRAP, 64)
    toy(adapter)
    assert as_policy(policy, TRAP, 64) is policy
    with pytest.raises(ValueError, match="is not a policy; expected a model of"):
        as_policy(object(), TRAP, 64)


def test_policy_asks_no_adapter(toy):
    toy("def takes(model):\n    raise RuntimeError")
    assert as_policy("random", TRAP, 64).observation == "planes"


def test_factory_may_return_library_model(toy, tmp_path):
    toy(read_blocks()[1])
    (tmp_path / "mine.py").write_text("import toy\nmodel = toy.Model()\n")
    assert as_policy(f"{tmp_path}/mine.py:model", TRAP, 64).observation == "planes"


BROKEN = "def takes(model):\n    return type(model).__module__ == 'toy'\n\n\n"


def play_model(toy, adapter):
    """Make a policy of the library's model with an adapter."""
    toy(adapter)
    import toy as library

    return as_policy(library.Model(), TRAP, 64)


def make_flax(module, name, **attributes):
    """Return an object of a class of Flax, which the tests do without."""
    return type(name, (), {"__module__": module, **attributes})()


test_flax_without_parameters_is_refused = refusals("policies", "flax", globals())


test_broken_adapter_is_named = refusals("policies", "adapters", globals(), "toy")


@pytest.mark.parametrize("adapter", ["import no_such_library", "takes = None"])
def test_broken_adapter_stops_no_other_policy(adapter, toy):
    toy(adapter)
    policy = as_policy(lambda observations: 0 * len(observations), TRAP, 64)
    assert policy.observation == "planes"
    assert as_policy("random", TRAP, 64).observation == "planes"


def test_network_of_module_is_no_factory(tmp_path):
    pytest.importorskip("torch")
    network = "from torch import nn\nnetwork = nn.Sequential(nn.Flatten(), nn.LazyLinear(5))"
    (tmp_path / "nets.py").write_text(network)
    assert type(as_policy(f"{tmp_path}/nets.py:network", TRAP, 64)).__name__ == "NetworkPolicy"


def test_adapter_that_takes_all_leaves_own_forms(toy, tmp_path):
    """A function of the user is played, and an adapter with one of our names is left out."""
    taker = "def takes(model):\n    return True\n\n\ndef from_model(model, trap):\n    return len"
    toy(taker, "toy = toy_adapter\nsb3 = toy_adapter")
    policy = as_policy(lambda observations: 0 * len(observations), TRAP, 64)
    assert type(policy).__name__ == "FunctionPolicy"
    assert policy.act(b"12") == 0
    assert adapters.list_adapters()["sb3"].value == "mesa_gym.sb3.policy"
