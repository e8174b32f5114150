"""Code in C ends by a timer and by signals, and nested functions are counted before they run."""

import signal
import subprocess
import sys
import time
from threading import Event

import pytest

from mesa_gym import threads
from mesa_gym.command import REPEATED_SECONDS
from mesa_gym.threads import run_within
from mesa_gym.traps import find_trap

# It goes on after each interrupt, as code in C does until it returns. What is started in the
# background of a shell ignores SIGINT, and so does all that it starts.
DEAF = """
import signal, sys, time
from mesa_gym.command import run_command

signal.signal(signal.SIGINT, signal.default_int_handler)

def work():
    while True:
        try:
            print("asleep", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            pass

sys.exit(run_command("deaf", work))
"""


def test_work_beyond_the_limit_is_stopped(monkeypatch):
    monkeypatch.setattr(threads, "MOST_SECONDS", 0.05)
    stopped = Event()
    with pytest.raises(TimeoutError, match="the graph took more than 0 seconds"):
        run_within("the graph", stopped.wait, stopped.set)
    assert stopped.is_set()


def test_work_within_the_limit_returns_or_raises():
    assert run_within("it", lambda: 3, print) == 3
    with pytest.raises(ZeroDivisionError):
        run_within("it", lambda: 1 / 0, print)


@pytest.mark.thorough
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_second_signal_ends_any_command(number, code):
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"asleep\n"
        process.send_signal(number)
        assert process.stdout.readline() == b"asleep\n"  # it goes on after one
        for _ in range(20):  # a busy machine may count two signals as one
            if process.poll() is None:
                time.sleep(2 * REPEATED_SECONDS)
                process.send_signal(number)
        process.kill()
    assert process.returncode == code


def test_functions_nested_deep_are_refused():
    """Each doubles the operators: 2**30 when they are inlined."""
    helper = pytest.importorskip("onnx.helper")
    from mesa_gym.policies.onnx import OnnxPolicy

    imports = [helper.make_opsetid(domain, 18) for domain in ("", "own")]
    functions = []
    for depth in range(30):
        name = {"op_type": f"f{depth - 1}", "domain": "own"} if depth else {"op_type": "Neg"}
        nodes = [helper.make_node(inputs=[x], outputs=[y], **name) for x, y in ("xt", "ty")]
        function = helper.make_function("own", f"f{depth}", ["x"], ["y"], nodes, imports)
        functions.append(function)
    node = helper.make_node("f29", ["planes"], ["logits"], domain="own")
    ends = [helper.make_tensor_value_info(name, 1, ["n", 5]) for name in ("planes", "logits")]
    graph = helper.make_graph([node], "nested", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=imports, functions=functions)
    with pytest.raises(ValueError, match="more than 100,000 operators when its functions are inl"):
        OnnxPolicy(model.SerializeToString(), find_trap("CheeseCorner")())
