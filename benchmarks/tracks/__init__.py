"""The tracks of the leaderboard: what a method achieves with a given amount of information.

``evaluation`` measures steering; ``coverage``, ``labels`` and ``questions`` are the tracks;
``running`` evaluates methods, and ``record`` is what is kept of them. The rules are in
``docs/tracks.md``.
"""
