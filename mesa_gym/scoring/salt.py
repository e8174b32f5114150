"""What may be told of an evaluator's salt."""

from __future__ import annotations

from hashlib import blake2b

# No other hash of the same salt, for another purpose, can be mistaken for this one.
_PURPOSE = b"mesa-gym: an evaluator's salt"


def salt_digest(salt: str) -> str:
    """By which a salt is known without being told: 32 hex digits, "" for no salt.

    It is keyed BLAKE2b-128. A salt that is easily guessed is easily found from its digest; one
    that is to stay secret is long and random.
    """
    if not salt:
        return ""
    return blake2b(salt.encode(), digest_size=16, key=_PURPOSE).hexdigest()
