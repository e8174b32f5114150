"""Mechanical faults of one statement, such as ``<`` for ``<=`` or a dropped keyword."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import NamedTuple

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_PAIRS = "any all, min max, minimum maximum, floor ceil, argmin argmax, nanmin nanmax, sum mean"
OPPOSITES = {x: y for pair in _PAIRS.split(", ") for x, y in [pair.split(), pair.split()[::-1]]}
OPPOSITES["startswith"] = "endswith"
# Calls that may be left out: of a function its first argument stays, of a method its object.
_LEFT_OUT = "abs clip copy flatten list lower ravel reversed set sort sorted strip tuple unique"
LEFT_OUT = {*_LEFT_OUT.split()}
MODULES = {"np", "jnp", "xp", "copy"}
# What only people read: these arguments, and the arguments of these calls.
TEXT_KEYWORDS = {"help", "description", "epilog", "metavar", "about", "hint"}
TEXT_CALLS = {"print", "say", "warn", "write_line"}


class CodeStatement(NamedTuple):
    """A statement that can be mutated: neither a definition, an import nor a docstring.

    Attributes:
        node: its syntax tree.
        body: the list of statements that contains it.
        index: its place in the list.
        scope: the names of the functions and classes around it, joined by dots.
        inside: whether it runs when a function is called, and not when its module is imported.
        head: its first line, in the form of ``ast.unparse``.
        nth: how many statements of the scope with this first line precede it.
    """

    node: ast.stmt
    body: list[ast.stmt]
    index: int
    scope: str
    inside: bool
    head: str
    nth: int

    @property
    def lines(self) -> range:
        """Its lines in the file; of a compound statement, those before its body."""
        node = self.node
        inner = getattr(node, "body", None) or getattr(node, "cases", None)
        last = inner[0].lineno - 1 if isinstance(inner, list) and hasattr(inner[0], "lineno") else 0
        return range(node.lineno, max(last, node.lineno) + 1 if inner else node.end_lineno + 1)


class Fault(NamedTuple):
    """A fault of a statement: its kind, the first line of the changed statement, the module."""

    kind: str
    head: str
    source: str


def list_statements(tree: ast.Module) -> list[CodeStatement]:
    """Return the statements of a module that can be mutated, in the order of its lines."""
    counts = Counter[tuple[str, str]]()

    def walk(node: ast.AST, scope: str, inside: bool) -> Iterator[CodeStatement]:
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            children = getattr(node, field, None)
            for index, child in enumerate(children if isinstance(children, list) else ()):
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    of_class = isinstance(child, ast.ClassDef)
                    yield from walk(child, f"{scope}.{child.name}".lstrip("."), not of_class)
                    continue
                constant = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
                unmade = ast.Import | ast.ImportFrom | ast.Pass | ast.Global | ast.Nonlocal
                if isinstance(child, ast.stmt) and not constant and not isinstance(child, unmade):
                    head = ast.unparse(child).partition("\n")[0]
                    nth = counts[scope, head]
                    counts[scope, head] += 1
                    yield CodeStatement(child, children, index, scope, inside, head, nth)
                yield from walk(child, scope, inside)

    return [*walk(tree, "", False)]


def list_faults(
    tree: ast.Module, statement: CodeStatement, without_texts: bool = False
) -> Iterator[Fault]:
    """Yield the faults of a statement of a module, each once; the tree is left as it was.

    Args:
        tree: the module.
        statement: one of its statements.
        without_texts: leave out faults of what only people read, such as messages and help.
    """
    original, sources = ast.unparse(tree), set[str]()
    for kind, plant, remove in _list_changes(statement, without_texts):
        plant()
        source = ast.unparse(ast.fix_missing_locations(tree))
        head = ast.unparse(statement.body[statement.index]).partition("\n")[0]
        remove()
        try:
            compile(source, "", "exec")
        except SyntaxError:
            continue
        if source != original and source not in sources:
            sources.add(source)
            yield Fault(kind, head, source)


def _list_changes(
    statement: CodeStatement, without_texts: bool
) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """Yield each change of a statement as a kind, and functions that make and undo it."""
    body, index, node = statement.body, statement.index, statement.node

    def put_statement(new: ast.stmt) -> Callable[[], None]:
        return lambda: body.__setitem__(index, new)

    for kind, changed in _change_statement(node, statement.inside):
        yield kind, put_statement(changed), put_statement(node)
    for parent, field, at, child in _list_expressions(node, without_texts):
        put = _put_node(parent, field, at)
        for kind, new in _change_expression(parent, child):
            if kind == "keyword" and without_texts and _count_texts(new) < _count_texts(child):
                continue
            yield kind, _call(put, new), _call(put, child)


def _call(function: Callable[[ast.AST], None], node: ast.AST) -> Callable[[], None]:
    return lambda: function(node)


def _put_node(parent: ast.AST, field: str, at: int | None) -> Callable[[ast.AST], None]:
    """Return a function that replaces a child of a node."""
    if at is None:
        return lambda new: setattr(parent, field, new)
    return lambda new: getattr(parent, field).__setitem__(at, new)


def _list_expressions(
    statement: ast.stmt, without_texts: bool
) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield (parent, field, place in the field, node) of what a statement itself evaluates."""
    skipped = {"body", "orelse", "finalbody", "handlers", "cases", "decorator_list"}
    waiting = [(statement, name) for name in statement._fields if name not in skipped]
    if without_texts and isinstance(statement, ast.Raise | ast.Assert):
        return
    while waiting:
        parent, field = waiting.pop()
        if field in ("annotation", "returns"):
            continue
        children = getattr(parent, field, None)
        listed = isinstance(children, list)
        for at, child in enumerate(children if listed else [children]):
            if not isinstance(child, ast.AST) or (without_texts and _is_text(child)):
                continue
            yield parent, field, at if listed else None, child
            waiting += [(child, name) for name in child._fields]


def _is_text(node: ast.AST) -> bool:
    """Return whether only people read a node: a message, or a command's help."""
    if isinstance(node, ast.keyword):
        return node.arg in TEXT_KEYWORDS
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Call) and _name_call(node) in TEXT_CALLS
    )


def _count_texts(node: ast.AST) -> int:
    """Return how many arguments of a call only people read."""
    return sum(map(_is_text, getattr(node, "keywords", ())))


def _name_call(node: ast.Call) -> str:
    """Return the name of a called function or method; "" without one."""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def _change_statement(node: ast.stmt, inside: bool) -> Iterator[tuple[str, ast.stmt]]:
    """Yield whole statements in the place of one."""
    stores = isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets
    )
    calls = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ends = ast.AugAssign | ast.Delete | ast.Raise | ast.Continue | ast.Break
    if stores or calls or isinstance(node, ends):
        yield "remove", ast.Pass()
    if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
        other = deepcopy(node)
        other.op = ARITHMETIC[type(node.op)]()
        yield "arithmetic", other
        yield "arithmetic", ast.Assign([deepcopy(node.target)], deepcopy(node.value))
    if not inside:
        return
    if isinstance(node, ast.If):
        for kind, test in (
            ("not", ast.UnaryOp(ast.Not(), deepcopy(node.test))),
            ("branch", ast.Constant(False)),
            ("branch", ast.Constant(True)),
        ):
            yield kind, ast.If(test, node.body, node.orelse)
    elif isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | None):
        yield "return", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.For):
        yield "loop", ast.For(node.target, node.iter, [*node.body, ast.Break()], node.orelse)


def _change_expression(parent: ast.AST, node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield nodes in the place of a node of an expression, each with the kind of the fault."""
    match node:
        case ast.Compare(ops=signs):
            for at, sign in enumerate(signs):
                for new in COMPARISONS[type(sign)]:
                    other = deepcopy(node)
                    other.ops[at] = new()
                    yield "compare", other
        case ast.BinOp(left, sign, right):
            if type(sign) in ARITHMETIC and not any(map(_is_string, (left, right))):
                yield "arithmetic", ast.BinOp(left, ARITHMETIC[type(sign)](), right)
                if isinstance(sign, ast.BitAnd):
                    yield from (("boolean", left), ("boolean", right))
        case ast.BoolOp(sign, values):
            other_sign = ast.Or() if isinstance(sign, ast.And) else ast.And()
            yield "boolean", ast.BoolOp(other_sign, values)
            for at in range(len(values)):
                rest = values[:at] + values[at + 1 :]
                yield "boolean", rest[0] if len(rest) == 1 else ast.BoolOp(sign, rest)
        case ast.UnaryOp(ast.Not() | ast.Invert() | ast.USub(), operand):
            yield "not", operand
        case ast.Constant() if not isinstance(parent, ast.JoinedStr | ast.FormattedValue):
            yield from _change_constant(parent, node)
        case ast.IfExp(_, first, second):
            yield from (("branch", first), ("branch", second))
        case ast.comprehension(target, source, [_, *rest], is_async):
            yield "filter", ast.comprehension(target, source, rest, is_async)
        case ast.Call():
            yield from _change_call(node)
        case ast.Slice(lower, upper, step):
            if lower is not None:
                yield "slice", ast.Slice(None, upper, step)
            if upper is not None:
                yield "slice", ast.Slice(lower, None, step)


def _is_string(node: ast.AST) -> bool:
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return text or isinstance(node, ast.JoinedStr)


def _change_constant(parent: ast.AST, node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    """Yield numbers beside a number, and the other truth value."""
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int):
        kind = "axis" if isinstance(parent, ast.keyword) and parent.arg == "axis" else "constant"
        yield from ((kind, ast.Constant(x)) for x in (value + 1, value - 1) if value or x > 0)
    elif isinstance(value, float):
        yield "constant", ast.Constant(value * 1.5 + 0.1)


def _change_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    """Yield a call with swapped arguments, without a keyword, of the opposite, or left out."""
    match node.args:
        case [one, other, *rest] if not isinstance(one, ast.Starred | None):
            if not isinstance(other, ast.Starred):
                yield "swap", ast.Call(node.func, [other, one, *rest], node.keywords)
    for at, keyword in enumerate(node.keywords):
        if keyword.arg:
            rest_keywords = node.keywords[:at] + node.keywords[at + 1 :]
            yield "keyword", ast.Call(node.func, node.args, rest_keywords)
    name, func = _name_call(node), node.func
    if name in OPPOSITES:
        opposite = deepcopy(func)
        setattr(opposite, "attr" if isinstance(func, ast.Attribute) else "id", OPPOSITES[name])
        yield "opposite", ast.Call(opposite, node.args, node.keywords)
    if name in LEFT_OUT:
        of_module = isinstance(func, ast.Attribute) and getattr(func.value, "id", "") in MODULES
        if isinstance(func, ast.Attribute) and not of_module:
            yield "left out", func.value
        elif node.args and not isinstance(node.args[0], ast.Starred):
            yield "left out", node.args[0]
