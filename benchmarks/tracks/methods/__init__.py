"""Methods that the leaderboard's tracks rank, one readable file each.

``method.py`` is what a method may use and must give; every other file is an example of it.
"""

# Name -> where its class is; imported where it is needed, since torch is an extra.
METHODS = {
    "ppo": "benchmarks.tracks.methods.plain:PlainPPO",
    "symmetry": "benchmarks.tracks.methods.plain:Symmetry",
    "seeds": "benchmarks.tracks.methods.seeds:Seeds",
    "cues": "benchmarks.tracks.methods.cues:Cues",
    "cues-symmetry": "benchmarks.tracks.methods.cues:CuesSymmetry",
    "two-heads": "benchmarks.tracks.methods.two_heads:TwoHeads",
    "fine-tuning": "benchmarks.tracks.methods.fine_tuning:FineTuning",
    "from-nothing": "benchmarks.tracks.methods.fine_tuning:FromNothing",
    "cues-first": "benchmarks.tracks.methods.cues:AskFirst",
    "cues-random": "benchmarks.tracks.methods.cues:AskRandom",
    "cues-novelty": "benchmarks.tracks.methods.cues:AskNovelty",
    "cues-posterior": "benchmarks.tracks.methods.cues:AskPosterior",
}
