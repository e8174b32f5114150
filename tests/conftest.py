"""Shared by all tests."""

import gymnasium
import pytest

import mesa_gym.traps


@pytest.fixture(autouse=True, scope="session")
def _values_are_kept_apart(tmp_path_factory: pytest.TempPathFactory):
    """Level values are computed by the code under test, never taken from the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESA_GYM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch):
    """What a test registers is gone after it."""
    monkeypatch.setattr(mesa_gym.traps, "_registered", {})
    ids = set(gymnasium.registry)
    yield
    for id in set(gymnasium.registry) - ids:
        del gymnasium.registry[id]
