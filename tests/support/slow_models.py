"""Asynchronous models that count their open questions, and the functions that ask them."""

import asyncio
from functools import partial, wraps


class SlowModel:
    """An asynchronous model that answers when as many questions as ``at_once`` are open."""

    def __init__(self, at_once, answer="1"):
        self.at_once, self.answer = at_once, answer
        self.open = self.most = self.asked = 0

    async def __call__(self, text):
        self.open, self.asked = self.open + 1, self.asked + 1
        self.most = max(self.most, self.open)
        for _ in range(self.at_once):  # the other questions are asked meanwhile
            await asyncio.sleep(0)
        self.open -= 1
        return self.answer


class Client:
    """A client whose method asks a model."""

    def __init__(self, model):
        self.model = model

    async def ask(self, text):
        return await self.model(text)

    ask.at_once, ask.examples, ask.observation = 2, 4, "text"


def list_askers(model):
    """Return the kinds of functions that ask a model with ``at_once`` 2 and 4 examples, by name."""

    async def ask(text, top=1):
        return await model(text)

    @wraps(ask)
    def decorated(text):
        return ask(text)

    @wraps(ask)
    async def decorated_async(text):
        return await ask(text)

    ask_by_lambda = lambda text: ask(text)  # noqa: E731
    for function in (ask, decorated, decorated_async, ask_by_lambda, model):
        function.at_once, function.examples, function.observation = 2, 4, "text"
    return {
        "function": ask,
        "partial": partial(ask, top=2),
        "partial of a partial": partial(partial(ask, top=2), top=3),
        "object": model,
        "partial of an object": partial(model),
        "method": Client(model).ask,
        "partial of a method": partial(Client(model).ask),
        "decorated": decorated_async,
        "lambda": ask_by_lambda,
        "decorated by a plain function": decorated,
    }
