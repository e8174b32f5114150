"""Usage of ``python -m benchmarks``: bad options are named before any work is done."""

import pytest

from benchmarks.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("boards", "invalid choice: 'boards' (choose from"),
        ("board run --levels 0", "'0' is not a whole number of at least 1"),
        (f"board run --out {__file__}", "is a file; expected a folder"),
        ("board run --traps CoinRum", "Did you mean 'CoinRun'"),
        ("board run --alpha 2", "alpha must be a number from 0 to 1"),
        ("board run --algorithms pp0", "'pp0'; expected one of ppo, "),
        ("board run --budget quick --traps FollowMe", "leave it out, and --traps"),
        ("board commit", "required: --out"),
    ],
)
def test_bad_usage_is_named_before_work(arguments, told, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments.split())
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
