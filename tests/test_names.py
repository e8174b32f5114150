"""Names: a class's is its own, a function's is a verb, and a call gives few things at once."""

import ast
import builtins
import fnmatch
import re
from collections import defaultdict
from functools import cache

import pytest
from distributions import ROOT, checkout

PRODUCT = ("mesa_gym/", "agents/", "benchmarks/", "docs/")
PACKAGES = tuple(folder.replace("/", ".") for folder in PRODUCT)
MOST_NAMES = 3  # from one call
Function = ast.FunctionDef | ast.AsyncFunctionDef

# Participles that do not end in -ed, apart from those that are the verb itself (cut, put, read).
IRREGULAR = """
agreed beaten become begun bent bitten blown born borne bought bound bred broken brought built burnt
caught chosen clung crept dealt done drawn dreamt driven drunk dug eaten fallen fed felt flown
forbidden forgiven forgotten fought found freed frozen given gone got gotten grown heard held hidden
hung kept knelt known laid lain leant learnt led left lent lit lost made meant met mown paid proven
risen rung said sat seen sent sewn shaken shone shot shown shrunk slept slid sold sought sown spelt
spent spilt spoilt spoken sprung spun stolen stood struck stuck stung sung sunk swept swollen sworn
swum swung taken taught thought thrown told torn trodden understood won worn wound woken woven
written
"""
PREFIXES = "(un|re|over|out|mis|fore|with)"
# Words in -ed and -ing that are none.
OTHERS = {"red", "bed", "embed", "shed", "hundred"} | {"nothing", "something", "anything"}
# With one of these a participle is no more of a verb: laid_out, told_by.
PARTICLES = "as at away back by down for from in into of off on out over to up with"

# Who calls these decides on their names.
PROTOCOLS = {
    "step": "Gymnasium's and Stable-Baselines3's environments return four or five things",
    "step_env": "Gymnax's, and what goes by its name",
}
# Names that users read in code or write themselves, and that read as adjectives there.
ALLOWED = {
    "mesa_gym/trained/planner.py: edited": "a public method, as State.replaced: an edited copy",
    "mesa_gym/trained/planner.py: reading": "a public method; a reading is what it returns",
    "mesa_gym/engine/state.py: batched": "a public method, State.batched, the inverse of `single`",
    "mesa_gym/engine/state.py: replaced": "a public method, State.replaced",
    "mesa_gym/engine/world.py: bound": "a public method, World.bound",
    "mesa_gym/engine/world.py: joined": "a public method, World.joined",
    "mesa_gym/envs/vector.py: unwrapped": "Gymnasium's name",
    "mesa_gym/errors.py: unknown": "an error, as missing_extra: `raise unknown('trap', name, all)`",
    "mesa_gym/policies/planning.py: edited": "a public method, as trained/planner.py has it",
    "mesa_gym/scoring/by_returns.py: lost": "a measure is called as on the card",
    "mesa_gym/scoring/card.py: planning": "the card's word on planning, a noun",
    "mesa_gym/scoring/measures.py: *": "a measure is called as on the card",
    "mesa_gym/solver/solution.py: staying": "what staying earns, beside `optimum` and `uniform`",
    "mesa_gym/traps/*.py: blocked": "what a trap's author writes, Trap.blocked",
}


@cache
def sources():
    return {name: (ROOT / name).read_text() for name in sorted(checkout()) if name.endswith(".py")}


def product():
    return {name: text for name, text in sources().items() if name.startswith(PRODUCT)}


@cache
def parse(text):
    return list(ast.walk(ast.parse(text)))


def walk(files):
    for name, text in files.items():
        for node in parse(text):
            yield name, node


def find_repeated_classes(files):
    places = defaultdict(list)
    for name, node in walk(files):
        if isinstance(node, ast.ClassDef):
            places[node.name].append(f"{name}:{node.lineno}")
    return [f"{name}: {', '.join(at)}" for name, at in sorted(places.items()) if len(at) > 1]


def is_participle(word):
    if word in OTHERS:
        return False
    regular = re.fullmatch("[a-z]+[^e]ed|[a-z]*[aeiouy][a-z]*ing", word)
    return bool(regular) or bool({word, re.sub(f"^{PREFIXES}", "", word)} & {*IRREGULAR.split()})


def is_bare(name):
    """Return whether a name is a participle, without an object or what it describes."""
    first, *rest = name.strip("_").lower().split("_")
    return is_participle(first) and {*PARTICLES.split()}.issuperset(rest)


def is_adjective(function):
    """Return whether it is read as an attribute that holds or not, or declares an objective."""
    written = [ast.unparse(each).partition("(")[0] for each in function.decorator_list]
    decorators = {name.rpartition(".")[2] for name in written}
    holds = function.returns is not None and ast.unparse(function.returns) in ("bool", "Bools")
    return bool(decorators & {"base", "proxy"}) or (
        holds and bool(decorators & {"property", "cached_property"})
    )


def find_participles(files):
    return [
        f"{name}: {node.name}"
        for name, node in walk(files)
        if isinstance(node, Function) and is_bare(node.name) and not is_adjective(node)
    ]


def find_wide_unpacking(files):
    """Return where more names than ``MOST_NAMES`` come from one call of what may be ours.

    A plain name may be unless it is of Python or imported from another package: a variable can
    hold a function. An attribute may be if any of our files defines a function of its name.
    """
    ours = {node.name for _, node in walk(files) if isinstance(node, Function | ast.ClassDef)}
    return [
        f"{name}:{node.lineno}: {ast.unparse(node)}"
        for name, node in walk(files)
        if isinstance(node, ast.Assign)
        and max(map(count_names, node.targets)) > MOST_NAMES
        and isinstance(node.value, ast.Call)
        and may_be_ours(node.value.func, ours, files[name])
    ]


def count_names(target):
    return len(target.elts) if isinstance(target, ast.Tuple | ast.List) else 1


def may_be_ours(function, ours, text):
    if isinstance(function, ast.Attribute):
        return function.attr in ours - PROTOCOLS.keys()
    if not isinstance(function, ast.Name):
        return True
    return function.id not in {*PROTOCOLS, *dir(builtins)} | find_foreign(text)


def find_foreign(text):
    """Return the names that a file imports from other packages."""
    return {
        alias.asname or alias.name
        for node in parse(text)
        if isinstance(node, ast.ImportFrom) and not f"{node.module}.".startswith(PACKAGES)
        for alias in node.names
    }


# -- the repository --------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_class_name_stands_once():
    assert not find_repeated_classes(sources())


@pytest.mark.thorough
def test_no_function_is_a_bare_participle():
    """It computes or does something: find_conflicts, not found."""
    found = find_participles(product())
    allowed = {each for pattern in ALLOWED for each in fnmatch.filter(found, pattern)}
    assert not [each for each in found if each not in allowed]


@pytest.mark.thorough
def test_no_call_gives_four_names():
    """Things that belong together have a type, with a name for each."""
    assert not find_wide_unpacking(product())


@pytest.mark.thorough
def test_no_exception_is_idle():
    found = find_participles(product())
    assert [pattern for pattern in ALLOWED if fnmatch.filter(found, pattern)] == [*ALLOWED]


# -- these checks ----------------------------------------------------------------------------------

BARE = "found _learnt growing redrawn untold __kept laid_out scored_on mapped unchanged _written"
FINE = "find_conflicts split reseed exceed red ring string nothing kept_files is_solved present"
UNPACKED = "def judge(): return 1, 2, 3, 4\n"


@pytest.mark.thorough
def test_all_of_the_repository_is_read():
    assert sources().keys() >= {"mesa_gym/__init__.py", "tests/test_names.py", "docs/build.py"}
    assert {name.split("/")[0] for name in product()} == {name.strip("/") for name in PRODUCT}


def test_participles_are_found_and_verbs_and_nouns_left_alone():
    for name in BARE.split():
        for line in (f"def {name}():", f"async def {name}():", f"class A:\n def {name}(self):"):
            assert find_participles({"a.py": f"{line} return 1"}), line
    for name in FINE.split():
        assert not find_participles({"a.py": f"def {name}(): return 1"}), name


@pytest.mark.parametrize(("decorator", "kind"), [("cached_property", "bool"), ("proxy", "Array")])
def test_a_state_and_an_objective_may_be_adjectives(decorator, kind):
    method = f"class A:\n @{decorator}\n def delivered(self) -> {kind}: return 1"
    assert not find_participles({"a.py": method})
    assert find_participles({"a.py": method.replace("bool", "int")}) or decorator == "proxy"
    assert find_participles({"a.py": method.replace(f"@{decorator}", "@staticmethod")})


def test_a_class_is_found_wherever_it_stands_again():
    for text in ("class A: pass", "def f():\n class A: pass", "class B:\n class A: pass"):
        assert find_repeated_classes({"a.py": "class A: pass", "b.py": text})
    assert not find_repeated_classes({"a.py": "class A: pass\nclass B: pass\nA()"})


@pytest.mark.parametrize(
    "line",
    [
        "a, *b, c, d = judge()",
        "e = (a.b, a.c, a.d, a.e) = judge(1)",
        "def f():\n [a, b, c, d] = self.judge()",
        "judged = judge\na, b, c, d = judged()",
        "a, b, c, d = (judge if e else print)()",
    ],
)
def test_wide_unpacking_is_found(line):
    assert find_wide_unpacking({"a.py": UNPACKED + line})
    imported = f"from mesa_gym.a import judge as j\n{line}".replace(" judge(", " j(")
    assert find_wide_unpacking({"mesa_gym/a.py": UNPACKED, "b.py": imported})


def test_other_assignments_are_left_alone():
    for call in ("map(judge, e)", "numpy.where(e)", "1, 2, 3, judge()", "env.step(0)"):
        assert not find_wide_unpacking({"a.py": f"{UNPACKED}a, b, c, d = {call}"}), call
    assert not find_wide_unpacking({"a.py": f"{UNPACKED}a, b, c = judge()"})
    foreign = "from library import judge\na, b, c, d = judge()"
    assert not find_wide_unpacking({"a.py": UNPACKED, "b.py": foreign})
