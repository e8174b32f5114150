"""``mesa-gym serve``: what it refuses. The example openenv_server.py plays on the server."""

import sys

import pytest

from mesa_gym.cli import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", 'pip install ".[openenv]"'),
        ("--port 0", "port must be an integer"),
        ("--sessions 0", "sessions must be an integer"),
        ("--log nowhere/log.jsonl", "cannot write nowhere/log.jsonl"),
    ],
)
def test_serve_refuses_what_cannot_be(options, said, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "openenv", None)
    monkeypatch.delitem(sys.modules, "mesa_gym.openenv", raising=False)
    assert main(["serve", *options.split()]) == 2
    assert said in capsys.readouterr().err
