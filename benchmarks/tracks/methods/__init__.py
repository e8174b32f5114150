"""Methods whose records are committed, one readable file each.

``method.py`` is what a method may use and must give; every other file is an example of it.
"""

# Name -> where its class is; imported where it is needed, since torch is an extra.
METHODS = {
    name: f"benchmarks.tracks.methods.{place}"
    for name, place in {
        "seeds": "seeds:Seeds",
        "cues": "cues:Cues",
        "divdis": "divdis:DivDis",
        "d-bat": "divdis:DBat",
        "table": "table:Table",
        "planner": "planner_set:PlannerSet",
        "untrained": "untrained:Untrained",
    }.items()
}
