"""Our dotted names in README and the documentation are of existing modules, classes, functions.

Modules of mesa_gym are there after `import mesa_gym` alone, as pages assume.
"""

import re
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
DOTTED = re.compile(r"(?<![\w./-])((?:mesa_gym|agents|benchmarks)(?:\.\w+)+)(?![\w/-])")
FILES = (".json", ".md", ".py", ".toml", ".zip", ".git")


def names_of(page):
    found = DOTTED.findall(page.read_text())
    return sorted({name for name in found if not name.endswith(FILES)})


@pytest.mark.parametrize("page", [page for page in PAGES if names_of(page)], ids=lambda p: p.stem)
def test_dotted_names_of_page_resolve(page):
    for package in ("jax", "stable_baselines3"):  # without which modules are not there
        pytest.importorskip(package)
    unresolved = []
    for name in names_of(page):
        try:
            resolve_name(name)
        except (ImportError, AttributeError):
            unresolved.append(name)
    assert unresolved == []


def test_import_mesa_gym_offers_its_modules():
    used = "import mesa_gym; print(mesa_gym.trained.load.__name__, hasattr(mesa_gym, 'traind'))"
    ran = subprocess.run([sys.executable, "-c", used], capture_output=True, text=True, cwd=ROOT)
    assert (ran.stdout, ran.stderr) == ("load False\n", "")
