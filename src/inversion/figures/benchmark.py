"""C2ST on sbibm's observations against the budget of simulations, beside what others published."""

from matplotlib.figure import Figure

from inversion.figures.published import panels
from inversion.figures.study import Study
from inversion.tables.published import C2ST


def benchmark(study: Study) -> Figure:
    """One panel for each task; ours are means over observations."""
    rows = study.sbibm()
    rows = rows[(rows["score"] == C2ST) & (rows["budget"] > 0)]
    ours = rows.groupby(["task", "method", "budget", "seed"], as_index=False)["value"].mean()
    ours = ours.assign(name=ours["method"], cost=ours["budget"])
    theirs = study.published("C2ST_mean")
    theirs = theirs.assign(name=theirs["algorithm"], cost=theirs["budget"])
    return panels(ours, theirs, "simulations")
