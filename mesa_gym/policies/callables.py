"""Attributes of callables, also behind partial functions: names, settings, and being ``async``."""

from __future__ import annotations

import inspect
from functools import partial

from mesa_gym.errors import PolicyError


def unwrap_partial(function: object) -> object:
    """Return the callable that a partial function calls, or the callable itself."""
    while isinstance(function, partial):
        function = function.func
    return function


def read_attribute(function: object, name: str, default: object = None) -> object:
    """Return an attribute of a callable, or of the callable that a partial function calls."""
    while isinstance(function, partial) and not hasattr(function, name):
        function = function.func
    return getattr(function, name, default)


def is_async(function: object) -> bool:
    """Return whether calls give coroutines: an ``async`` function, method, or callable object.

    A plain function that returns a coroutine cannot be recognised before its call.
    """
    function = unwrap_partial(function)
    call = getattr(function, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def refuse_awaitable(answer: object, advice: str) -> None:
    """Raise PolicyError for an answer that was not awaited."""
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()  # otherwise Python warns that it was never awaited
        raise PolicyError(f"the answer is a {type(answer).__name__}, not a text; {advice}")
