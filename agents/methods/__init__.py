"""Methods that the leaderboard's tracks rank, one readable file each.

``method.py`` is what a method may use and must give; every other file is an example of it.
"""

# Name -> where its class is; imported where it is needed, since torch is an extra.
METHODS = {
    "ppo": "agents.methods.plain:PlainPPO",
    "sb3-ppo": "agents.methods.plain:Baselines3",
    "bc": "agents.methods.plain:Cloned",
    "symmetry": "agents.methods.plain:Symmetry",
    "seeds": "agents.methods.seeds:Seeds",
    "cues": "agents.methods.cues:Cues",
    "cues-symmetry": "agents.methods.cues:CuesSymmetry",
    "two-heads": "agents.methods.two_heads:TwoHeads",
    "fine-tuning": "agents.methods.fine_tuning:FineTuning",
    "from-nothing": "agents.methods.fine_tuning:FromNothing",
    "cues-first": "agents.methods.cues:AskFirst",
    "cues-random": "agents.methods.cues:AskRandom",
    "cues-novelty": "agents.methods.cues:AskNovelty",
    "cues-posterior": "agents.methods.cues:AskPosterior",
}
