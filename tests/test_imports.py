"""Imports run one way, and the core needs gymnasium and numpy only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A module may import what stands on a line above its own, and its own package.
ORDER = [
    {"mesa_gym.errors", "mesa_gym.files", "mesa_gym.terminal"},
    {"mesa_gym.command"},
    {"mesa_gym.grid"},
    {"mesa_gym.traps"},
    {"mesa_gym.rendering", "mesa_gym.solver"},
    {"mesa_gym.envs"},
    {"mesa_gym.policies"},
    {"mesa_gym.scoring"},
    {"mesa_gym.report"},
    {"mesa_gym.testing", "mesa_gym.viewer"},
    {"mesa_gym.cli"},
    {"agents"},
    {"benchmarks"},
]
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}
OPTIONAL = {
    "mesa_gym/envs/sb3.py": {"stable_baselines3"},
    "mesa_gym/policies/sb3.py": {"torch"},
    "mesa_gym/rendering/pygame.py": {"pygame"},
    "mesa_gym/testing": {"stable_baselines3"},
    "mesa_gym/viewer/film.py": {"imageio_ffmpeg"},
}
FILES = sorted(
    path.relative_to(ROOT)
    for folder in ("mesa_gym", "agents", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)


def part(module: str) -> str:
    pieces = module.split(".")
    return ".".join(pieces[:2]) if pieces[0] == "mesa_gym" else pieces[0]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


# The package itself only registers and exports.
@pytest.mark.parametrize("path", [p for p in FILES if p != Path("mesa_gym/__init__.py")], ids=str)
def test_imports_run_one_way(path: Path) -> None:
    own = part(".".join(path.with_suffix("").parts))
    for module in imported(path):
        other = part(module)
        if other.split(".")[0] not in {"mesa_gym", "agents", "benchmarks"} or other == own:
            continue
        if module == "mesa_gym":
            continue  # the version
        assert RANK[other] < RANK[own], f"{path} imports {module}"


@pytest.mark.parametrize("path", [p for p in FILES if p.parts[0] == "mesa_gym"], ids=str)
def test_the_core_imports_gymnasium_and_numpy_only(path: Path) -> None:
    allowed = {"gymnasium", "numpy", "mesa_gym", *sys.stdlib_module_names}
    for file, extras in OPTIONAL.items():
        if str(path).startswith(file):
            allowed |= extras
    assert {module.split(".")[0] for module in imported(path)} <= allowed
