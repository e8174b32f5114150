"""The page on many machines, followed to the letter: a scheduler and two workers of dask."""

import os
import re
import shlex
import shutil
import socket
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
from distributions import ROOT, Installed, checkout, run

PAGE = (ROOT / "docs/studies/run_many_agents.md").read_text().partition("\n## On a cluster\n")[2]
# In place of the page's leaderboard, which takes hours: two traps, two seeds, two rollouts of PPO.
SMALL = "--traps CheeseCorner CoinRun --seeds 2 --steps 8192 --levels 20"


@contextmanager
def running(command, log, cwd):
    """Keep a command running, which finds no checkout by itself, and end it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("w") as said:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_cluster_page_works_as_written(tmp_path):
    (install,) = re.findall(r"`pip (install [^`]+)`", PAGE)
    block = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    block = block.replace("//head:", "//127.0.0.1:").replace("8786", port)
    block = block.replace("--nworkers 16", "--nworkers 2").replace("--budget leaderboard", SMALL)
    scheduler, worker, training = (line.split("#")[0].strip() for line in block.splitlines())
    source, out = tmp_path / "checkout", tmp_path / "out"
    for name in checkout():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    with Installed(tmp_path, "pip") as machine, ExitStack() as cluster:
        run(machine.bin / "python", "-m", "pip", "--quiet", *shlex.split(install), cwd=source)
        # The scheduler runs anywhere, the workers in the checkout.
        for name, command, where in (
            ("scheduler", scheduler, tmp_path),
            ("worker", worker, source),
        ):
            program, *rest = command.split()
            log = tmp_path / f"{name}.log"
            cluster.enter_context(running([str(machine.bin / program), *rest], log, where))
        address, python, *rest = training.split()
        assert python == "python"
        said = run("env", address, machine.bin / "python", *rest, "--out", out, cwd=source)
        told = [(tmp_path / f"{name}.log").read_text() for name in ("scheduler", "worker")]
    assert "4 of 4 jobs done" in said, [said, *told]
    assert len(list((out / "cards").rglob("*.json"))) > 8
    assert told[1].count("Registered to:") == 2
    assert not any("Traceback" in each for each in told), told
