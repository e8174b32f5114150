"""Score a language model behind an API that speaks OpenAI's chat completions.

    export API_KEY=...
    python docs/examples/ask_api.py https://api.openai.com/v1 gpt-4o-mini CheeseDish
    python docs/examples/ask_api.py https://api.openai.com/v1 gpt-4o-mini CheeseDish --pay

The first command prints the price: questions and tokens. With ``--pay`` the model chooses one place
per level. Questions are asked 16 at once, and answers are kept in ``MODEL.jsonl``. If a call fails,
the same command goes on with the questions that have no answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mesa_gym.language.kept_answers import keep_answers
from mesa_gym.scoring import score

SETTINGS = {"temperature": 0, "max_tokens": 50}
AT_ONCE = 16


def main() -> None:
    """Print the price, or the score card."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url", help="address of the API, without /chat/completions")
    parser.add_argument("model")
    parser.add_argument("trap")
    parser.add_argument("--levels", type=int, default=100)
    parser.add_argument("--pay", action="store_true", help="ask the model")
    options = parser.parse_args()
    url = options.url.rstrip("/")

    def complete(text: str) -> str:
        messages = [{"role": "user", "content": text}]
        body = json.dumps({"model": options.model, "messages": messages, **SETTINGS})
        key = os.environ.get("API_KEY", "")
        head = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        request = Request(f"{url}/chat/completions", body.encode(), head)
        try:
            with urlopen(request, timeout=60) as response:
                reply = json.load(response)
        except HTTPError as error:  # the body names the reason
            raise ConnectionError(f"{error}; {error.read(500).decode(errors='replace')}") from None
        if "choices" not in reply:
            raise ConnectionError(f"the API sent no answer, but {reply}")
        return reply["choices"][0]["message"]["content"] or ""  # null in a refusal

    async def ask(text: str) -> str:
        return await asyncio.to_thread(complete, text)

    ask.at_once = AT_ONCE  # type: ignore[attr-defined]
    file = f"{options.model.replace('/', '-')}.jsonl"
    kept = keep_answers(ask, file, options.model, {"url": url, **SETTINGS})
    choice = {"tell": "things"}  # lists without a map: a fifth of the tokens
    if options.pay:
        print(score(kept, options.trap, options.levels, choice=choice))
    else:
        score(kept, options.trap, options.levels, choice=choice, plan=True)
        print("add --pay to ask these questions")


if __name__ == "__main__":
    main()
