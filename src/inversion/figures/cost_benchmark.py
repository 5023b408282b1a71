"""C2ST on sbibm's observations against processor seconds, beside sbibm's own run times.

Seconds are those of one observation from nothing: simulating, training, compiling, and 10,000 draws. sbibm's are of
another machine; others have published no times of a whole run.
"""

from matplotlib.figure import Figure

from inversion.figures.published import panels
from inversion.figures.study import Study
from inversion.tables.published import C2ST, CELL, SECONDS


def cost_benchmark(study: Study) -> Figure:
    """One panel for each task; a line joins an algorithm's budgets."""
    rows = study.sbibm(ledger=True)
    rows = rows[rows["budget"] > 0]
    ours = rows.groupby([*CELL[:4], "score"])["value"].mean().unstack("score")
    ours = ours.reindex(columns=[C2ST, SECONDS]).dropna().reset_index()
    ours = ours.rename(columns={C2ST: "value", SECONDS: "cost"}).assign(name=ours["method"])
    keys = ["task", "algorithm", "budget"]
    minutes = study.published("runtime_min_mean").set_index(keys)["value"]
    theirs = study.published("C2ST_mean").join(minutes.rename("minutes"), on=keys, how="inner")
    theirs = theirs.assign(name=theirs["algorithm"], cost=60 * theirs["minutes"])
    return panels(ours, theirs, "processor seconds for one observation")
