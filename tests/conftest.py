"""Shared by all tests."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _values_are_kept_apart(tmp_path_factory: pytest.TempPathFactory):
    """Level values are computed by the code under test, never taken from the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESA_GYM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
