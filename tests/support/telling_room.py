"""A room that tells a class's word, and that calls the evaluator."""


def enter(cls, terms, host):
    """Serve ``tell``, and ``adapt``, which plays; in a play it acts or, "again", plays again."""
    return {
        "tell": lambda: cls.word,
        "adapt": lambda: host.call("play"),
        "act": lambda: host.call("play") if terms == "again" else 5,
    }
