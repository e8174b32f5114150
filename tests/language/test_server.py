"""The server's sessions: what a client reads, over stand-ins of the packages of OpenEnv."""

import pytest

from mesa_gym.engine import ACTIONS
from mesa_gym.language.door import list_origins
from mesa_gym.language.session import TextSession
from mesa_gym.policies.answers import read_action
from tests.support.openenv import import_server


@pytest.fixture
def server():
    """The server's module, without a network."""
    with import_server() as module:
        yield module


# What verifiers' parser makes of ten replies: an object as it is, all else as the action.
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"action": "left"}, "left"),
        ({"action": "left", "reasoning": "up is a wall"}, "left"),
        ({"action": "Answer: up", "metadata": {}}, "up"),
        ({"action": "**down**"}, "down"),
        ({"action": ["left"]}, "left"),
        *((x, None) for x in ({"action": "I go left."}, {"action": 2}, {"action": None})),
        *((x, None) for x in ({"act": "left"}, {})),
    ],
)
def test_server_reads_what_verifiers_parses(server, reply, expected):
    fields = server.TrapAction.read_object(reply)
    number = read_action(fields["action"])
    assert (fields.keys(), number) == ({"action"}, expected and ACTIONS.index(expected))


def test_server_answers_as_its_session_does(server, tmp_path):
    """Also in a second episode, which has another id or none."""
    served, session = server.TrapEnvironment(tmp_path / "log.jsonl"), TextSession()
    assert vars(served.state) == {}
    for episode_id, seed in (("one", 7), ("two", 8), (None, 7)):
        request = {"seed": seed, "trap": "CheeseDish", "split": "shift", "policy": "mine"}
        seen, reward = served.reset(episode_id=episode_id, **request), 0.0
        session.begin(**request)
        for steps, reply in enumerate(("no", "no", "left", "up")):
            fields = (session.text, session.expected, session.unread, reward, session.done)
            assert (seen.text, seen.expected, seen.unread, seen.reward, seen.done) == fields
            state = served.state
            assert (state.episode_id, state.step_count) == (episode_id, steps)
            assert (state.reached, state.unread) == (session.reached, session.unread)
            seen = served.step(server.TrapAction(action=reply))
            reward = session.answer(reply)
    served.close()
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3


def test_server_answers_errors_with_status_and_sentence(server):
    answers, server.JSONResponse = [], lambda body, status: answers.append((status, body["detail"]))
    server.RequestValidationError = type("Invalid", (ValueError,), {"errors": lambda self: FAULTS})
    kinds = (ValueError("bad trap"), OSError(28, "No space left"), server.RequestValidationError())
    for error in kinds:
        server._answer_error(None, error)
    texts = "bad trap", "[Errno 28] No space left", "action: missing; level: too large"
    assert answers == [*zip((422, 500, 422), texts, strict=True)]


FAULTS = [
    {"loc": ("body", "action"), "msg": "missing"},
    {"loc": ("body", "level"), "msg": "too large"},
]


def test_server_makes_sessions_with_its_log(server, tmp_path):
    door = server.make_server(3, tmp_path / "log.jsonl", ["http://a.org"], "sesam", 9.0)
    make = server.create_app.call_args[0][0]
    assert make()._session._file.path == tmp_path / "log.jsonl"
    limits = {"max_concurrent_envs": 3, "session_timeout": 9.0}
    assert server.ConcurrencyConfig.call_args.kwargs == limits
    assert (door.sessions, door.origins, door.token) == (3, ["http://a.org"], "sesam")
    assert server.make_server().origins == list_origins("127.0.0.1", 8000)
