"""Methods that the leaderboard's tracks rank, one readable file each.

``method.py`` is what a method may use and must give; every other file is an example of it.
"""

# Name -> where its class is; imported where it is needed, since torch is an extra.
METHODS = {
    name: f"benchmarks.tracks.methods.{place}"
    for name, place in {
        "ppo": "plain:PlainPPO",
        "sb3-ppo": "sb3_ppo:SB3PPO",
        "symmetry": "plain:Symmetry",
        "seeds": "seeds:Seeds",
        "svdd": "seeds:Svdd",
        "cues": "cues:Cues",
        "divdis-policy": "divdis_policy:DivDisPolicy",
        "reward-ensemble": "divdis:RewardEnsemble",
        "divdis": "divdis:DivDis",
        "d-bat": "divdis:DBat",
        "fine-tuning": "fine_tuning:FineTuning",
        "table": "table:Table",
        "grammar": "grammar:Grammar",
        "planner": "planner_set:PlannerSet",
        "untrained": "untrained:Untrained",
    }.items()
}
