"""Errors for users: the wrong value, the expected values, the nearest valid name."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import reprlib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

__all__ = ["PolicyError", "UnknownNameError"]  # other names are for the package itself

P = ParamSpec("P")
T = TypeVar("T")

MOST_NAMES = 40  # in a message
# The most characters of a value, and of a command's message.
MOST_SHOWN = 200
MOST_TOLD = 4000

# This stops early, instead of converting the whole of a long list to text.
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = MOST_SHOWN
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxdict = 10


def shorten(value: object) -> str:
    """Return a value as messages show it: its ``repr``, cut in the middle if it is long."""
    try:
        text = _SHORT.repr(value)
    except ValueError:  # Python refuses to convert such a long number
        return f"{type(value).__name__} of very many digits"
    return shorten_text(text)


def shorten_text(text: str, most: int = MOST_SHOWN) -> str:
    """Return a text cut in the middle to at most ``most`` characters."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


# Folders of stack frames between a command and the code of a policy that it loads or calls.
_OURS = [os.path.join(os.path.dirname(path), "") for path in (__file__, importlib.__file__)]
_ON_THE_WAY = (*_OURS, "<frozen importlib")


class UnknownNameError(ValueError):
    """A name that does not exist."""


def unknown(
    kind: str, value: object, valid: Iterable[str], nearest: str | None = None
) -> UnknownNameError:
    """Return the error for a misspelt name.

    Args:
        kind: the kind of the named thing, such as "split".
        value: the wrong name.
        valid: the valid names.
        nearest: the intended name, if spelling does not determine it.
    """
    return UnknownNameError(f"unknown {kind} {shorten(value)}; {offer(value, valid, nearest)}")


def unexpected_keyword(
    function: str, keyword: str, valid: Iterable[str], advice: str | None = None
) -> TypeError:
    """Return the error for a keyword that a function does not accept.

    Other libraries pass optional keywords and drop those that are rejected. They recognise a
    rejection by Python's own words in a ``TypeError``, so this error contains these words.

    Args:
        function: the name of the function.
        keyword: the keyword that it does not accept.
        valid: the keywords that it accepts.
        advice: the suggested replacement; by default the nearest valid keyword.
    """
    refused = f"{function} got an unexpected keyword argument {shorten(keyword)}"
    return TypeError(f"{refused}; {advice or offer(keyword, valid)}")


def explain_keywords(**advice: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator whose error for an unknown keyword suggests a valid one or another call.

    Args:
        **advice: keywords of other packages -> the suggested replacement.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        valid = inspect.signature(function).parameters

        @wraps(function)
        def call(*args: P.args, **keywords: P.kwargs) -> T:
            for keyword in keywords:
                if keyword not in valid:
                    raise unexpected_keyword(function.__name__, keyword, valid, advice.get(keyword))
            return function(*args, **keywords)

        return call

    return decorate


def offer(value: object, valid: Iterable[str], nearest: str | None = None) -> str:
    """Return a text that lists the valid names and suggests the nearest (``nearest=""``: none)."""
    names = [*map(str, valid)]
    if not names:
        return "there is none"
    near = find_nearest(value, names) if nearest is None else nearest
    hint = f" Did you mean {near!r}?" if near else ""
    if len(names) > MOST_NAMES:
        names = [*names[:MOST_NAMES], f"... ({len(names):,} in all)"]
    return f"expected {'one of ' * (len(names) > 1)}{', '.join(names)}.{hint}"


def find_nearest(value: object, names: Iterable[str], least: float = 0.6) -> str:
    """Return the name with the most similar spelling, ignoring case; "" without a similar one.

    ``least`` is the minimum similarity, from 0 to 1, as ``difflib`` computes it.
    """
    # Longer texts cannot be names, and the search takes time.
    word = (value if isinstance(value, str) else shorten(value))[:MOST_SHOWN].lower()
    spelt = {name.lower(): name for name in names}
    return "".join(spelt[x] for x in difflib.get_close_matches(word, spelt, 1, least))


class MissingExtraError(ImportError):
    """Optional packages are not installed; the message names the extras that install them.

    Args:
        packages: package -> the extra that installs it.
    """

    def __init__(self, packages: Mapping[str, str]) -> None:
        names, extra = ", ".join(packages), ",".join(sorted({*packages.values()}))
        super().__init__(
            f"this needs {names!r}, which is not installed; install the extra mesa-gym[{extra}]: in"
            f' a checkout pip install -e ".[{extra}]", of a wheel pip install "FILE.whl[{extra}]"'
        )
        self.packages = packages


@contextmanager
def require_extra(extra: str, package: str = "") -> Iterator[None]:
    """Raise MissingExtraError if a module that the context imports is not installed.

    Args:
        extra: the extra that installs it.
        package: the name of its package; by default the name of the module.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = str(error.name).partition(".")[0]
        raise MissingExtraError({package or module.replace("_", "-"): extra}) from None


def require_imports(*imports: Callable[[], object]) -> None:
    """Call functions that import optional packages, before any work that needs them.

    Raises:
        MissingExtraError: packages are not installed; the message names all of them.
    """
    missing: dict[str, str] = {}
    for load in imports:
        try:
            load()
        except MissingExtraError as error:
            missing |= error.packages
    if missing:
        raise MissingExtraError(missing)


class PolicyError(RuntimeError):
    """A policy raised an error (the ``__cause__``), or its answer is not an action."""

    @property
    def trace(self) -> str:
        """The traceback of the policy's error, from the policy's code on; "" without one."""
        if (cause := self.__cause__) is None:
            return ""
        first = cause.__traceback__
        while first and first.tb_next and first.tb_frame.f_code.co_filename.startswith(_ON_THE_WAY):
            first = first.tb_next
        return "".join(traceback.format_exception(type(cause), cause, first))


class WorkError(RuntimeError):
    """The work of a command failed; the message names the part, and how to continue."""


class PolicyBlame:
    """A context manager that converts errors of a policy's own code to a ``PolicyError``.

    A generator under ``contextmanager`` would let a policy's ``StopIteration`` through.

    Args:
        policy: the beginning of the message: the policy and its current action.
        passing: errors that are raised unchanged, because their message says what to do.
    """

    def __init__(self, policy: str, passing: tuple[type[Exception], ...] = ()) -> None:
        self.who, self.passing = policy, passing

    def __enter__(self) -> None:
        """Start to catch errors of the policy's code."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise a ``PolicyError`` if the policy's code raised an error."""
        if isinstance(error, self.passing):
            return
        if isinstance(error, PolicyError):  # the policy itself reports an error elsewhere
            raise PolicyError(f"{self.who}: {read_error(error)}") from error.__cause__
        if isinstance(error, Exception | SystemExit):
            raise PolicyError(f"{self.who}: it raised {name_error(error)}") from error


def name_error(error: BaseException) -> str:
    """Return the name of an error's class, and its text unless that is empty."""
    return f"{type(error).__name__}: {read_error(error)}".removesuffix(": ")


def read_error(error: BaseException) -> str:
    """Return an error's text, or a stand-in if converting it to text fails."""
    try:
        return str(error)
    except Exception:
        return "(an error whose text cannot be had)"
