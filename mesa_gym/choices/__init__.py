"""Choices of places: which place does a language model go to first, asked once per level.

``offers`` selects the places of a level, and ``scenes`` and ``questions`` write them as text.
``play_questions`` makes the questions of a play, ``records`` replays the answers, ``scripts`` are
the baselines, and ``cards`` makes cards.
"""
