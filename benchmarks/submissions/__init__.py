"""Submissions: agents of other people, which need not be trusted.

``export`` makes one and ``submit`` scores it onto a board, each agent in a process of
``benchmarks.rooms``. docs/leaderboard.md leads through it, docs/studies/security.md says what it
withstands.
"""
