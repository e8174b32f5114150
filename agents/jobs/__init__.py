"""Jobs: train and score many agents, on the cores of this machine or on a cluster's engine."""
