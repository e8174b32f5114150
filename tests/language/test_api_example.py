"""The example that asks an API, against a server of this machine."""

import importlib
import json
import re
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Lock, Thread

import pytest

ROOT = Path(__file__).parents[2]
TRAP, LEVELS, QUESTIONS = "CheeseDish", 3, 27


class Api(ThreadingHTTPServer):
    """Answers "1", the null of a refusal once, or the status 500 from question ``fails`` on."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.texts, self.calls, self.fails, self.lock = [], set(), None, Lock()
        self.pair = Barrier(2)  # the first two questions wait for each other


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        api, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)
        with api.lock:
            number = len(api.texts)
            if api.fails is not None and number >= api.fails:
                return self.send_error(500, "out of order", "wait a minute")
            api.texts.append(request["messages"][0]["content"])
            api.calls.add((self.path, request["model"], self.headers["Authorization"]))
        if number < 2:
            api.pair.wait(60)
        content = None if number == 1 else "1"
        reply = json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]})
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        return self.wfile.write(reply.encode())

    def log_message(self, *args):
        """Print nothing."""


@contextmanager
def serve():
    with Api() as api:
        thread = Thread(target=api.serve_forever)
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()


def run_example(api, folder, *words):
    url = f"http://127.0.0.1:{api.server_port}/v1/"
    command = [sys.executable, str(ROOT / "docs/examples/ask_api.py"), url, "a/small", TRAP]
    command += ["--levels", str(LEVELS), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def read_questions(folder):
    lines = (folder / "a-small.jsonl").read_text().splitlines()[1:]
    return [json.loads(line)["question"] for line in lines]


@pytest.mark.thorough
def test_api_example_keeps_paid_answers(tmp_path, monkeypatch):
    """The price, a run that fails, and the run that goes on: no kept answer is asked again."""
    monkeypatch.setenv("API_KEY", "secret")
    with serve() as api:
        price = run_example(api, tmp_path)
        assert f"a/small on {TRAP}-v0: {QUESTIONS} questions with " in price.stderr
        assert (price.stdout, api.texts) == ("add --pay to ask these questions\n", [])
        api.fails = 10
        failed = run_example(api, tmp_path, "--pay")
        assert failed.returncode == 1
        assert "500: out of order" in failed.stderr
        assert "wait a minute" in failed.stderr
        assert f"; the answers so far are in {tmp_path / 'a-small.jsonl'}" in failed.stderr
        kept, api.fails, before = read_questions(tmp_path), None, len(api.texts)
        assert 10 - LEVELS < len(kept) <= 10
        card = run_example(api, tmp_path, "--pay")
        assert card.stdout.startswith(f"a/small on {TRAP}-v0: fails task"), card.stderr
        assert sorted([*kept, *api.texts[before:]]) == sorted(read_questions(tmp_path))
        assert len(read_questions(tmp_path)) == QUESTIONS + 1  # the refused question again
    assert api.calls == {("/v1/chat/completions", "a/small", "Bearer secret")}


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs/examples")
    return importlib.import_module("ask_api")


@pytest.mark.thorough
def test_api_example_reads_log_probabilities(example, tmp_path, monkeypatch, capsys):
    """Settings go into each request, and kept answers are not asked for again."""
    monkeypatch.chdir(tmp_path)
    bodies = []

    def post(url, body):
        bodies.append(body)
        options = re.findall(r"^(\d)\. (.*)$", body["messages"][0]["content"], re.MULTILINE)
        tokens = [
            {"token": f" {number}", "logprob": -1.0 if "cheese" in names else -3.0}
            for number, names in options
            if names != "nothing"
        ]
        return {
            "logprobs": {"content": [{"top_logprobs": [*tokens, {"token": "a", "logprob": -9}]}]}
        }

    monkeypatch.setattr(example, "post", post)
    words = [
        "http://x/v1",
        "small",
        TRAP,
        "--levels",
        "3",
        "--log-probs",
        "--settings",
        '{"seed": 7}',
    ]
    example.main(words)
    assert bodies == []
    example.main([*words, "--pay"])
    assert len(bodies) == QUESTIONS
    assert {(body["seed"], body["max_tokens"], body["logprobs"]) for body in bodies} == {
        (7, 1, True)
    }
    assert re.search(r"effect of the word, in nats +2(\.00)? ", capsys.readouterr().out)
    example.main([*words, "--pay"])
    assert len(bodies) == QUESTIONS


def test_number_without_token_gets_least_probability(example):
    tokens = json.dumps([["2", -0.5], [" 2", -2.0], ["a", -4.0], ["1", -3.0]])
    assert example.read_log_probs(tokens, 3) == [-3.0, -0.5, -4.0]


def test_api_without_log_probabilities_is_refused(example):
    with pytest.raises(ConnectionError, match="leave out --log-probs"):
        example.list_tokens({"message": {"content": "1"}, "logprobs": None})
