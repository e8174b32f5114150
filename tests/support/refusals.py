"""Texts that people read, compared with files; ``GOLDEN=write pytest ...`` writes the files."""

import os
import re
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ARROW = "  ->  "


def refusals(room, part, space, *fixtures, **more):
    """Return a test of the rows ``expression  ->  Error: whole message`` of a part of a file.

    ``GOLDEN=write`` writes the messages.

    Args:
        room: the file's name, without its ending.
        part: rows below a line ``[part]``.
        space: the names of the expressions, a module's globals beside ``refuse``; FOLDER, in
            both, is an empty folder. Three dots in a message stand for what others write.
        *fixtures: names of fixtures that expressions use.
        **more: names that the module does not use elsewhere.
    """
    path = TESTS / "refusals" / f"{room}.txt"
    below = path.read_text().partition(f"[{part}]\n")[2].partition("\n[")[0]
    rows = [row for row in below.splitlines() if row and not row.startswith("#")]
    assert rows, f"{path} has no part [{part}]"

    @pytest.mark.parametrize("row", rows, ids=lambda row: row.partition(ARROW)[0])
    def test(row, tmp_path, monkeypatch, request):
        expression, _, message = row.partition(ARROW)
        values = {name: request.getfixturevalue(name) for name in fixtures}
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [*sys.path])
        with pytest.raises(Exception) as refused:  # noqa: PT011
            eval(expression, {"refuse": refuse, **space, **more, **values, "FOLDER": tmp_path})
        error = f"{type(refused.value).__name__}: {refused.value}".replace(str(tmp_path), "FOLDER")
        error = re.sub("0x[0-9a-f]{6,}", "...", error.replace("\n", r"\n"))
        assert not isinstance(refused.value, NameError), error
        pattern = ".*".join(map(re.escape, message.split("...")))
        if os.environ.get("GOLDEN") == "write" and not (message and re.fullmatch(pattern, error)):
            path.write_text(path.read_text().replace(row + "\n", expression + ARROW + error + "\n"))
            return
        assert re.fullmatch(pattern, error), error

    return test


def refuse(command, main=None):
    """Run a command, which must exit with 2 and change no file here; raise what it says.

    ``main`` is the function of ``mesa-gym`` by default.
    """
    from mesa_gym.cli import main as mesa_gym

    before, printed, error = read_files(), StringIO(), StringIO()
    with redirect_stdout(printed), redirect_stderr(error):
        try:
            code = (main or mesa_gym)(shlex.split(command))
        except SystemExit as stop:  # argparse's own
            code = stop.code
    assert (code, printed.getvalue(), read_files() == before) == (2, "", True), error.getvalue()
    raise ValueError(error.getvalue().strip())


def read_files():
    """Return the files below this folder and their bytes, without what Python compiled."""
    files = (path for path in Path().rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if path.parent.name != "__pycache__"}


def require_golden(name, text):
    """Fail unless a text is that of a file in ``tests/golden/texts``."""
    path = TESTS / "golden" / "texts" / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()
