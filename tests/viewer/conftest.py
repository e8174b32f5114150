"""Fixtures of the viewer's tests."""

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Tests write files here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
