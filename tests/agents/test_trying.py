"""The command that certifies, trains and scores a trap of one's own."""

import pytest

from agents import trying
from tests.support.mistakes import make_mistake


@pytest.mark.thorough
@pytest.mark.usefixtures("registry")
def test_try_trains_nothing_without_a_certificate(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(trying, "train_runs", None)
    name = "payment again and again"
    make_mistake(name, tmp_path)
    path = tmp_path / f"{name.replace(' ', '_')}.py"
    assert trying.main([f"{path}:Mushrooms", "--levels", "5"]) == 1
    out, err = capsys.readouterr()
    assert out == "certified on 5 levels of each split: NO\n"
    assert "the worst base-optimal play" in err
    assert "the proxy is paid more often" in err


@pytest.mark.slow
def test_try_prints_ability_word_and_nulls(capsys):
    pytest.importorskip("jax")
    asked = ["CheeseCorner", "--steps", "8192", "--seeds", "0-1", "--levels", "10"]
    assert trying.main(asked) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "certified on 10 levels of each split: yes"
    assert {"sweeper", "random", "ppo"} <= {line.split()[1] for line in lines if "CheeseC" in line}
    assert lines[-1].startswith("PPO is competent on ")
    assert "verdict: " in lines[-1]
