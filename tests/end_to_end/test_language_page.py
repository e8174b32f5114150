"""The page of language models, followed in an environment that has nothing else."""

import json
import re
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.test_examples import interpreter

PAGE = (Path(__file__).parents[2] / "docs" / "language_models.md").read_text()
SERVER = PAGE.partition("## A server")[2].partition("\n## ")[0]


# The routes of OpenEnv, of which the door lets the first line in.
ROUTES = {
    "/ws", "/reset", "/step", "/state", "/health", "/schema", "/metadata",
    "/mcp", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/list_environments",
    *("/{env_name}/" + name for name in ("num_tasks", "splits", "task", "task_range", "tasks")),
}  # fmt: skip
LIST_ROUTES = """
import json
from mesa_gym.language.door import ROUTES
from mesa_gym.language.server import app
routes = {route.path for route in app.app.routes}
print(json.dumps([sorted(routes), sorted(set().union(*ROUTES.values()))]))
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_server_routes_are_all_known():
    """A new route of OpenEnv is to be looked at, though the door does not let it in."""
    command = [interpreter("openenv"), "-c", LIST_ROUTES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    routes, allowed = map(set, json.loads(done.stdout))
    assert routes == ROUTES
    assert allowed < routes


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_language_page_serves_plays_and_judges(tmp_path):
    folder = interpreter("openenv").parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (serve,) = re.findall(r"^mesa-gym serve .*$", SERVER, re.MULTILINE)
    (client,) = re.findall(
        r"^```\{code-block\} python\n(.*?)^```$", SERVER, re.MULTILINE | re.DOTALL
    )
    (judge,) = re.findall(r"^mesa-gym score .*$", SERVER, re.MULTILINE)

    def start(command, *more, **given):
        program, *words = shlex.split(command)
        return subprocess.Popen([folder / program, *words, *more], cwd=tmp_path, text=True, **given)

    server = start(serve, "--port", str(port), stderr=subprocess.PIPE)
    try:
        assert any("running on" in line for line in server.stderr)
        code = client.replace("8000", str(port))
        done = subprocess.run([folder / "python", "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "0.0\n"), done.stderr
    finally:
        server.terminate()
        server.communicate()
    told = start(judge, stdout=subprocess.PIPE).communicate()[0]
    assert told.startswith("mine on CheeseCorner-v0, from a log: no verdict; 0% of the questions")
    assert "Play levels 0 to 99 of test, shift, bare, alone:corner." in told
