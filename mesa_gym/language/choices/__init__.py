"""Models that choose places: which place does a model go to first, asked once per level.

``offers`` selects the places of a level, and ``scenes`` and ``questions`` write them as text.
``play_questions`` makes the questions of a play, ``records`` replays the answers, ``scripts`` are
the baselines, and ``cards`` makes cards. ``episode`` is the choice of a session. Scoring and logs
import the names below by a hook (``importing.import_hook``), when they read such a card or log.
"""

from mesa_gym.language.choices.cards import gather_questions
from mesa_gym.language.choices.on_cards import (
    LIST_LEGEND,
    LIST_ROWS,
    find_list_effects,
    list_choice_facts,
    say_preference,
)
from mesa_gym.language.choices.scripts import LIST_NULLS
from mesa_gym.language.prices import price_steps, say_price

__all__ = [
    "LIST_LEGEND",
    "LIST_NULLS",
    "LIST_ROWS",
    "find_list_effects",
    "gather_questions",
    "list_choice_facts",
    "price_steps",
    "say_preference",
    "say_price",
]
