"""Python programs that are interrupted or killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

# What is started in the background of a shell ignores Ctrl-C, and so does all that it starts.
HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


def require_death_with_parent(script, *arguments):
    """Kill a program that has printed the number of its child, which must end as well."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command, pipe = [sys.executable, "-c", script, *arguments], subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe) as parent:
        child = Path("/proc", parent.stdout.readline().decode().strip())
        assert child.exists()
        parent.kill()
    deadline = time.monotonic() + 5
    # Dead it may stay, until its new parent has looked.
    while child.exists() and " Z " not in (child / "stat").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
