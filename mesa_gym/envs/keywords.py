"""The keywords of an environment as its attributes: all can be read, and two can be changed."""

from __future__ import annotations

from collections.abc import Iterable

from mesa_gym.envs.settings import Settings
from mesa_gym.errors import shorten
from mesa_gym.traps import Trap


class KeywordAttributes:
    """Base class of environments: attributes for ``settings``, ``trap`` and all keywords.

    A keyword without a setter cannot be set, because the change would have no effect: spaces,
    levels and rules were made from its value.
    """

    settings: Settings
    trap: Trap
    _fixed: frozenset[str] = frozenset()

    def _set_keywords(self, settings: Settings, changeable: Iterable[str] = ()) -> None:
        """Set all keywords; afterwards only the properties ``changeable`` can be set."""
        keywords = {"settings": settings, "trap": settings.trap, **settings.keywords()}
        for name in changeable:
            del keywords[name]
        vars(self).update(keywords)
        self._fixed = frozenset(keywords)

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute; AttributeError for a keyword that cannot change."""
        if name in self._fixed:
            raise fixed_error(name, value)
        super().__setattr__(name, value)


def fixed_error(name: str, value: object) -> AttributeError:
    """Return the error for a change of a keyword that is fixed when an environment is made."""
    keyword = "other keywords" if name in ("settings", "trap") else f"{name}={shorten(value)}"
    return AttributeError(
        f"{name} cannot be set to {shorten(value)}, because an environment keeps the {name} that it"
        f" was made with; make another environment with {keyword}"
    )
