"""``mesa-gym cache``: what is kept on disk is shown and deleted, of all traps or one."""

import numpy as np

from mesa_gym.cli import main
from mesa_gym.solver import level_values
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.coin_run import CoinRun


def test_show_and_clear(monkeypatch, tmp_path, capsys):
    def command(*arguments):
        assert main(["cache", *arguments]) == 0
        return capsys.readouterr().out.splitlines()

    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    for trap, split in ((CheeseCorner, "test"), (CheeseCorner, "shift"), (CoinRun, "test")):
        level_values(trap(), Split.of(split), np.arange(3))
    (tmp_path / f".CoinRun-v0-test-{'0' * 32}.npz.abc_1234").write_bytes(b"x" * 2100)
    for name in ("CoinRun-v7", "NoLongerThere-v0"):
        (tmp_path / f"{name}-test-{'0' * 32}.npz").write_bytes(b"x")
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    head, _, *rows = command("show")
    assert head.startswith(f"{tmp_path}: 6 files, {size / 1000:.3g} kB, of at most 1 GB")
    assert [row.split()[:-2] for row in rows[2:]] == [
        ["CheeseCorner-v0", "2"],
        ["CoinRun-v0", "1"],
        ["CoinRun-v0,", "unfinished", "1"],
        ["CoinRun-v7", "1"],
        ["NoLongerThere-v0", "1"],
    ]
    assert rows[-3].endswith(" 2.1 kB")
    for name, told in [
        ("CoinRun-v0", "2 files, "),
        ("CoinRun", "1 file, 1 B in"),
        ("MesaGym/CheeseCorner-v0", "2 files, "),
        ("KeysChests", "0 files, 0 B in"),
        ("NoLongerThere", "1 file, 1 B in"),
    ]:
        assert command("clear", name)[0].startswith(f"deleted {told}")
    assert command() == [f"{tmp_path}: 0 files, 0 B, of at most 1 GB (MESA_GYM_CACHE_SIZE)"]
