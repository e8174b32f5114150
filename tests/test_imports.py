"""Imports run one way without cycles, the core needs few packages, imported names are public."""

import ast
import re
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
# A module may import what stands on a line above its own, and its own package.
ORDER = [
    {"mesa_gym.errors", "mesa_gym.links", "mesa_gym.phases", "mesa_gym.terminal"},
    {"mesa_gym.threads", "mesa_gym.words"},
    {"mesa_gym.json_data", "mesa_gym.other_packages"},
    {"mesa_gym.files"},
    {"mesa_gym.contents", "mesa_gym.importing"},
    {"mesa_gym.command", "mesa_gym.engine"},
    {"mesa_gym.rendering"},
    {"mesa_gym.traps"},
    {"mesa_gym.solver"},
    {"mesa_gym.envs"},
    {"mesa_gym.policies"},
    {"mesa_gym.scoring", "mesa_gym.trained"},
    {"mesa_gym.choices"},
    {"mesa_gym.logs", "mesa_gym.probing", "mesa_gym.report", "mesa_gym.sb3"},
    {"mesa_gym.language"},
    {"mesa_gym.pages", "mesa_gym.testing", "mesa_gym.viewer"},
    {"mesa_gym.cli"},
    {"mesa_gym.__main__"},
    {"agents"},
    {"benchmarks.markdown", "benchmarks.arguments", "benchmarks.plan"},
    {"benchmarks.make_library"},
    {"benchmarks.board"},
    {"benchmarks.speed_works"},
    {"benchmarks.costs", "benchmarks.device", "benchmarks.speed"},
    {"benchmarks.trap_parts"},
    {"benchmarks.__main__"},
]
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}
CORE = {"array_api_compat", "gymnasium", "mesa_gym", "msgspec", "numpy", *sys.stdlib_module_names}
CORE.add("annotationlib")  # of Python since 3.14
OPTIONAL = {
    "mesa_gym/contents.py": {"zipfile_zstd"},
    "mesa_gym/envs/jax_env.py": {"jax"},
    "mesa_gym/envs/gymnax_names.py": {"gymnax", "jax"},
    "mesa_gym/envs/listed.py": {"jax"},
    "mesa_gym/envs/level_tables.py": {"jax"},
    "mesa_gym/envs/tensors.py": {"torch"},
    "mesa_gym/language/server.py": {"fastapi", "openenv", "pydantic", "uvicorn"},
    "mesa_gym/policies/torch_network.py": {"torch"},
    "mesa_gym/policies/onnx.py": {"onnxruntime"},
    "mesa_gym/policies/onnx_models.py": {"onnx"},
    "mesa_gym/rendering/window.py": {"pygame"},
    "mesa_gym/report/figure.py": {"matplotlib"},
    "mesa_gym/report/intervals.py": {"scipy"},
    "mesa_gym/report/templating.py": {"jinja2", "markupsafe"},
    "mesa_gym/sb3": {"onnxscript", "stable_baselines3", "torch"},
    "mesa_gym/testing": {"stable_baselines3"},
    "mesa_gym/viewer": {"PIL", "imageio_ffmpeg", "pygame"},
}


@cache
def modules():
    """Return path -> nodes of each module of the product, read and walked once."""
    folders = (ROOT / name for name in ("mesa_gym", "agents", "benchmarks"))
    paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return {str(p.relative_to(ROOT)): [*ast.walk(ast.parse(p.read_text()))] for p in paths}


def list_imports(nodes):
    """Return the modules that are imported, each with the names that come from it."""
    plain = [(alias.name, set()) for x in nodes if isinstance(x, ast.Import) for alias in x.names]
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return plain + [
        ("." * x.level + (x.module or ""), {alias.name for alias in x.names}) for x in froms
    ]


def find_part(module):
    """Return a module's part of the package, the longest that a line of ``ORDER`` names."""
    pieces = module.split(".")
    starts = (".".join(pieces[:length]) for length in (3, 2, 1))
    return next((start for start in starts if start in RANK), ".".join(pieces[:2]))


def name_module(path):
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def explain_import(path, module, names):
    """Return why a module may not import another, "" where it may."""
    part, other = find_part(name_module(path)), find_part(module)
    if module.startswith("."):
        return "by a relative name"
    if other.split(".")[0] in ("docs", "tests"):
        return "which is for readers and tests"
    if part != other and [x for x in {*module.split("."), *names} if re.match("_(?!_)", x)]:
        return "which is private"
    if part in ("mesa_gym", "benchmarks") or part == other:
        return ""  # a package itself only registers and exports
    if other in RANK:
        return "" if RANK[other] < RANK[part] else "which stands no lower in ORDER"
    if other.split(".")[0] in ("agents", "benchmarks", "mesa_gym") and "." in other:
        return "which ORDER lacks"
    extras = (more for start, more in OPTIONAL.items() if path.startswith(start))
    if part.startswith("mesa_gym.") and module.split(".")[0] not in CORE.union(*extras):
        return "which the core does without"
    return ""


def test_imports_follow_one_order_of_modules():
    wrong = [
        f"{path} imports {module}, {why}"
        for path, nodes in modules().items()
        for module, names in list_imports(nodes)
        if (why := explain_import(path, module, names))
    ]
    assert not wrong, "\n".join(wrong)


def test_example_trap_imports_as_package_traps_may():
    imports = list_imports(modules()["mesa_gym/cli/example_trap.py"])
    reasons = [explain_import("mesa_gym/traps/mushrooms.py", *names) for names in imports]
    assert [*filter(None, reasons)] == []


def test_packages_import_in_no_circle():
    """Imports for type checkers alone count as well."""
    imported: dict[str, dict[str, set[str]]] = {}
    for path, nodes in modules().items():
        # A name that comes from a package may be a module of it.
        used = {module for module, _ in list_imports(nodes)}
        used |= {f"{module}.{x}" for module, names in list_imports(nodes) for x in names}
        part = find_part(name_module(path)) if path.startswith("mesa_gym/") else path.split("/")[0]
        imported.setdefault(part, {})[name_module(path)] = used
    circles = []
    for graph in imported.values():
        try:
            TopologicalSorter({x: used & {*graph} - {x} for x, used in graph.items()}).prepare()
        except CycleError as error:
            circles.append(" -> ".join(error.args[1]))
    assert not circles, "\n".join(circles)
