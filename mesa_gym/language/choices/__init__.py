"""Models that choose places: which place does a model go to first, asked once per level.

``offers`` selects the places of a level, and ``scenes`` and ``questions`` write them as text.
``play_questions`` makes the questions of a play, ``records`` replays the answers, ``scripts`` are
the baselines, and ``cards`` makes cards. ``episode`` is the choice of a session.
"""
