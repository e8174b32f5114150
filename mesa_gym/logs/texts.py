"""Comparison of logged texts with logged actions: does a text name the action that was played?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mesa_gym.logs.episodes import RecordedEpisode
from mesa_gym.policies.answers import read_action

_read_once = lru_cache(maxsize=1 << 12)(read_action)


def compare_texts(episodes: Sequence[RecordedEpisode]) -> list[str]:
    """Return sentences on texts of one policy that contradict the actions or the count ``unread``.

    A log can contain any text: only its writer knows that an agent acted by it.
    """
    with_texts = [episode for episode in episodes if any(episode.said)]
    # A place was asked for, and an answer such as "2" names no action.
    places = any(len(x.said) == 1 < len(x.actions) for x in with_texts)
    if not with_texts or (places and all(len(x.said) == 1 for x in with_texts)):
        return []
    n_texts = n_unread = 0
    contradicted = list[RecordedEpisode]()
    for episode in with_texts:
        pairs = zip(episode.said, episode.actions, strict=False)
        readings = [(_read_once(text), action) for text, action in pairs if text]
        n_texts += len(readings)
        n_unread += sum(named is None for named, _ in readings)
        if any(named not in (None, action) for named, action in readings):
            contradicted.append(episode)
    sentences = []
    if contradicted:
        of = f"{len(contradicted):,} of {len(with_texts):,} episodes with texts"
        first = f"{contradicted[0].play}, level {contradicted[0].level}"
        sentences.append(f"A text names another action than the one played in {of} ({first}).")
    counted = sum(episode.unread for episode in with_texts)
    if counted != n_unread:
        sentences.append(
            f"Of {n_texts:,} texts, {n_unread:,} name no action that can be read, but the log"
            f" counts {counted:,}. The share of unreadable answers is the log's."
        )
    return sentences
