"""Score a language model behind an API that speaks OpenAI's chat completions.

    export API_KEY=...
    python docs/examples/ask_api.py https://api.openai.com/v1 gpt-4o-mini CheeseDish
    python docs/examples/ask_api.py https://api.openai.com/v1 gpt-4o-mini CheeseDish --pay

The first command prints the price: questions and tokens. With ``--pay`` the model chooses one place
per level. Questions are asked 16 at once, and answers are kept in ``MODEL.jsonl``. If a call fails,
the same command goes on with the questions that have no answer. ``--settings`` are keys of each
request, such as a grammar of llama.cpp's server, with which all answers can be read:

    --settings '{"grammar": "root ::= [1-4]", "max_tokens": 2}'

With ``--log-probs`` the first token's log probabilities are read instead of its text, so that the
card has effects in nats.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mesa_gym.choices.questions import Question
from mesa_gym.language import score_choices
from mesa_gym.language.kept_answers import keep_answers
from mesa_gym.scoring import ScoreCard

SETTINGS = {"temperature": 0, "max_tokens": 50}
FIRST_TOKEN = {"max_tokens": 1, "logprobs": True, "top_logprobs": 20}
AT_ONCE = 16


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the first choice in the reply to a request."""
    key = os.environ.get("API_KEY", "")
    head = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = Request(f"{url}/chat/completions", json.dumps(body).encode(), head)
    try:
        with urlopen(request, timeout=600) as response:
            reply = json.load(response)
    except HTTPError as error:  # the body names the reason
        raise ConnectionError(f"{error}; {error.read(500).decode(errors='replace')}") from None
    if "choices" not in reply:
        raise ConnectionError(f"the API sent no answer, but {reply}")
    choice: dict[str, Any] = reply["choices"][0]
    return choice


def list_tokens(choice: dict[str, Any]) -> str:
    """Return the likeliest first tokens and their log probabilities, as JSON."""
    content = (choice.get("logprobs") or {}).get("content")
    if not content:
        raise ConnectionError("the API sent no log probabilities; leave out --log-probs")
    return json.dumps([[x["token"], x["logprob"]] for x in content[0]["top_logprobs"]])


def read_log_probs(tokens: str, options: int) -> list[float]:
    """Return the log probability of each option's number.

    A number that is not among the tokens gets the least log probability of these tokens.
    """
    listed = json.loads(tokens)
    least = min(log_prob for _, log_prob in listed)
    return [
        max((log_prob for token, log_prob in listed if token.strip() == str(number)), default=least)
        for number in range(1, options + 1)
    ]


def ask_model(
    url: str,
    model: str,
    trap: str,
    levels: int,
    *,
    settings: dict[str, Any],
    log_probs: bool = False,
    plan: bool = False,
) -> ScoreCard | None:
    """Return the score card of a served model; None with ``plan``, which prints the price alone."""
    settings = {**SETTINGS, **settings, **(FIRST_TOKEN if log_probs else {})}

    def complete(text: str) -> str:
        messages = [{"role": "user", "content": text}]
        choice = post(url, {"model": model, "messages": messages, **settings})
        # The content is null in a refusal.
        return list_tokens(choice) if log_probs else choice["message"]["content"] or ""

    async def ask(text: str) -> str:
        return await asyncio.to_thread(complete, text)

    ask.at_once = AT_ONCE  # type: ignore[attr-defined]
    file = f"{model.replace('/', '-')}.jsonl"
    kept = keep_answers(ask, file, model, {"url": url, **settings})

    async def answer_all(questions: list[Question]) -> list[list[float]]:
        turns = asyncio.Semaphore(AT_ONCE)

        async def answer(question: Question) -> list[float]:
            async with turns:
                return read_log_probs(await kept(question.text), len(question.cells))

        return [*await asyncio.gather(*map(answer, questions))]

    # Lists without a map have a fifth of the tokens.
    answers = answer_all if log_probs else kept
    return score_choices(trap, answers, levels, model, tell="things", plan=plan)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the price, or the score card."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url", help="address of the API, without /chat/completions")
    parser.add_argument("model")
    parser.add_argument("trap")
    parser.add_argument("--levels", type=int, default=100)
    parser.add_argument("--pay", action="store_true", help="ask the model")
    parser.add_argument("--settings", type=json.loads, default={}, help="keys of each request")
    parser.add_argument("--log-probs", action="store_true", help="read log probabilities")
    options = parser.parse_args(arguments)
    card = ask_model(
        options.url.rstrip("/"),
        options.model,
        options.trap,
        options.levels,
        settings=options.settings,
        log_probs=options.log_probs,
        plan=not options.pay,
    )
    print(card or "add --pay to ask these questions")


if __name__ == "__main__":
    main()
