"""The commands of docs/write_a_trap.md: the example is written, checked and tried."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "write_a_trap.md").read_text()
TRAINING = re.compile(r"```sh\n(mesa-gym try.*?)```\n\n```text\n(.*?)```", re.DOTALL)
MESA_GYM = f"{shlex.quote(sys.executable)} -m mesa_gym"


@pytest.mark.slow
def test_trap_guide_commands_give_shown_verdict(tmp_path):
    pytest.importorskip("jax")
    ((commands, shown),) = TRAINING.findall(GUIDE)
    first = "mesa-gym new-trap Mushrooms\npython mushrooms.py\n"
    for line in (first + commands.replace("/my/folder", str(tmp_path))).splitlines():
        command = re.sub("^mesa-gym", MESA_GYM, re.sub("^python", sys.executable, line))
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(shown.partition("\n")[0])
    assert done.stdout.rstrip().endswith(shown.splitlines()[-1])
