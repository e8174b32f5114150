"""Submissions: agents of other people, which need not be trusted.

::

    export      makes one, of agents of ``agents.train``, models of Stable-Baselines3, or traces
    format      what ``agent.json`` says; files: how the files beside it are read
    scoring     score cards of all its agents, each run in a process of ``benchmarks.isolation``
    submit      puts the cards on a board
    verify      compares claimed cards with those that are made here

docs/submit.md leads through it, docs/security.md says what it withstands.
"""
