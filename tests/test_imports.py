"""Imports run one way, and the core needs gymnasium, msgspec and numpy only."""

import ast
import re
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from mesa_gym.traps import package_traps

ROOT = Path(__file__).parents[1]
# A module may import what stands on a line above its own, and its own package.
ORDER = [
    {"mesa_gym.errors", "mesa_gym.terminal"},
    {"mesa_gym.command", "mesa_gym.importing", "mesa_gym.json_data"},
    {"mesa_gym.files"},
    {"mesa_gym.engine"},
    {"mesa_gym.traps"},
    {"mesa_gym.rendering", "mesa_gym.solver"},
    {"mesa_gym.envs"},
    {"mesa_gym.policies"},
    {"mesa_gym.scoring"},
    {"mesa_gym.probing", "mesa_gym.report", "mesa_gym.sb3"},
    {"mesa_gym.testing", "mesa_gym.trained", "mesa_gym.viewer"},
    {"mesa_gym.cli"},
    {"mesa_gym.__main__"},
    {"agents"},
    {"benchmarks.markdown", "benchmarks.options"},
    {"benchmarks.jobs"},
    {"benchmarks.library", "benchmarks.tracks"},
    {"benchmarks.board"},
    {"benchmarks.speed"},
    {"benchmarks.__main__"},
]
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}
OPTIONAL = {
    "mesa_gym/cli/demos.py": {"minari"},
    "mesa_gym/envs/gymnax.py": {"gymnax", "jax"},
    "mesa_gym/envs/jax_env.py": {"jax"},
    "mesa_gym/envs/making.py": {"stable_baselines3"},
    "mesa_gym/envs/sb3.py": {"stable_baselines3"},
    "mesa_gym/envs/tensors.py": {"array_api_compat", "torch"},
    "mesa_gym/policies/exporting.py": {"onnxscript", "torch"},
    "mesa_gym/policies/network.py": {"torch"},
    "mesa_gym/policies/onnx.py": {"onnx", "onnxruntime"},
    "mesa_gym/policies/sb3.py": {"torch"},
    "mesa_gym/rendering/pygame.py": {"pygame"},
    "mesa_gym/report/figure.py": {"matplotlib"},
    "mesa_gym/report/intervals.py": {"scipy"},
    "mesa_gym/report/page.py": {"jinja2", "markupsafe"},
    "mesa_gym/sb3.py": {"stable_baselines3", "torch"},
    "mesa_gym/testing": {"stable_baselines3"},
    "mesa_gym/trained/": {"safetensors", "torch"},
    "mesa_gym/viewer/recording.py": {"imageio_ffmpeg"},
}
FILES = sorted(
    path.relative_to(ROOT)
    for folder in ("mesa_gym", "agents", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)


def part(module):
    pieces = module.split(".")
    return pieces[0] if pieces[0] == "agents" else ".".join(pieces[:2])


@cache
def imported(path):
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


@cache
def named(path):
    """Return what is imported, the modules that come by their names from a package included."""
    tree = ast.walk(ast.parse((ROOT / path).read_text()))
    froms = [node for node in tree if isinstance(node, ast.ImportFrom)]
    return imported(path) | {f"{node.module}.{a.name}" for node in froms for a in node.names}


# The package itself only registers and exports.
@pytest.mark.parametrize("path", [p for p in FILES if p != Path("mesa_gym/__init__.py")], ids=str)
def test_imports_run_one_way_and_the_core_needs_few_packages(path):
    own = part(".".join(path.with_suffix("").parts))
    for module in imported(path):
        other = part(module)
        if other.split(".")[0] not in {"mesa_gym", "agents", "benchmarks"} or other == own:
            continue
        if module in ("mesa_gym", "benchmarks"):
            continue  # the version, a module without a package
        assert RANK[other] < RANK[own], f"{path} imports {module}"
    if path.parts[0] == "mesa_gym":
        allowed = {"gymnasium", "msgspec", "numpy", "mesa_gym", *sys.stdlib_module_names}
        extras = (more for file, more in OPTIONAL.items() if str(path).startswith(file))
        assert {module.split(".")[0] for module in imported(path)} <= allowed.union(*extras)


PACKAGES = ["engine", "traps", "solver", "envs", "rendering", "testing"]
PACKAGES += ["policies", "scoring", "report", "trained", "viewer", "cli"]
PACKAGES = [*(f"mesa_gym/{name}" for name in PACKAGES), "benchmarks"]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_in_a_circle(package):
    """Imports for type checkers alone count as well."""
    paths = [p for p in FILES if p.is_relative_to(package)]
    modules = {".".join(p.with_suffix("").parts).removesuffix(".__init__"): p for p in paths}
    # A package of mesa_gym may hand on names of its modules; those of benchmarks hold nothing.
    found = named if package == "benchmarks" else imported
    sorter = TopologicalSorter(
        {name: found(path) & {*modules} - {name} for name, path in modules.items()}
    )
    sorter.prepare()


VIEWER = [p for p in FILES if str(p).startswith("mesa_gym/viewer/")]


@pytest.mark.parametrize("path", VIEWER, ids=str)
def test_the_viewer_is_made_of_public_names_and_names_no_trap(path):
    """It knows no rule of any: neither a module of one nor a trap's name is in its code."""
    traps = package_traps().values()
    assert not {cls.__module__ for cls in traps} & imported(path)
    tree = ast.parse((ROOT / path).read_text())
    bodies = (getattr(node, "body", None) for node in ast.walk(tree))
    first = [body[0] for body in bodies if isinstance(body, list) and body]
    docs = {node.value for node in first if isinstance(node, ast.Expr)}  # may give examples
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.Name) and node not in docs:
            said = node.id if isinstance(node, ast.Name) else str(node.value)
            assert not [cls for cls in traps if cls.__name__ in said], said
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            assert not [name for name in names if name.startswith("_")]
        # A class uses its own private names only; `_replace` is public.
        if isinstance(node, ast.Attribute) and re.match("_(?!_|replace$)", node.attr):
            assert isinstance(node.value, ast.Name), node.attr
            assert node.value.id in ("self", "cls", "Pen"), node.attr
