"""Summary networks: from an observation of many rows to one vector. A new one is one file and one line here.

`summaries:` in params.yaml says which one a task's observations are read through.
"""

SUMMARIES = {
    "deep_sets": "inversion.networks.summaries.deep_sets:DeepSets",
}
