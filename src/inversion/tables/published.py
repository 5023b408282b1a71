"""C2ST against the draws that sbibm published, with processor seconds: ours, and what others reported.

Ours come from the study at hand, and where it has no such cell from the table that git keeps of the larger grids.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from inversion.grid import SBIBM, trainings_of
from inversion.tables.costs import method_costs

CELL = ["task", "method", "budget", "seed", "observation", "score"]
C2ST, SECONDS = "c2st", "cpu_s"
ACCEPTED = "accepted"  # 1 where a kept reference passed its own record, 0 where not
# Each of these is run anew for every observation; the others simulate and train once for all of them.
SEQUENTIAL = ("SMC-ABC", "SNLE", "SNPE", "SNRE")
PAPER = "sbi-benchmark/results:benchmarking_sbi"


def seconds(costs: pd.DataFrame, params: Mapping[str, Any]) -> pd.DataFrame:
    """What one of sbibm's observations takes from nothing, by cell: simulating, training, compiling and drawing."""
    spent = method_costs(costs, trainings_of(params), SBIBM)
    if spent.empty:
        return pd.DataFrame(columns=[*CELL, "value"])
    total = spent[["upfront_cpu_s", "upfront_compile_s", "observation_cpu_s"]].sum(axis=1)
    return spent[CELL[:4]].assign(observation="all", score=SECONDS, value=total)


def ours(
    scores: pd.DataFrame, kept: pd.DataFrame, spent: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Rows of `CELL` and `value`, each cell once; budget 0 is a reference of ours. `spent` has the study's seconds."""
    studied = scores[(scores["panel"] == SBIBM) & (scores["score"] == C2ST)]
    kept = kept[(kept["panel"] == SBIBM) & kept["score"].isin([C2ST, SECONDS, ACCEPTED])]
    tables = [table for table in (kept, studied, spent) if table is not None and len(table)]
    if not tables:
        return pd.DataFrame(columns=[*CELL, "value"])
    rows = pd.concat([table[[*CELL, "value"]] for table in tables])
    rows = rows.astype({"budget": int, "seed": int, "observation": str})
    return rows.drop_duplicates(CELL, keep="last").sort_values(CELL, ignore_index=True)


def theirs(published: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One metric of what was published: `task`, `algorithm`, `budget` of simulations, `value`, `sequential`.

    sbibm corrected its `gaussian_mixture` after the paper: of that task the rerun counts. Training on simulations
    without end has no budget, and is left out.
    """
    counted = published["budget"].astype(str).str.isdigit()
    superseded = (published["task"] == "gaussian_mixture") & published["source"].str.startswith(
        PAPER
    )
    rows = published[(published["metric"] == metric) & counted & ~superseded]
    rows = rows[["task", "algorithm", "budget", "value"]].astype({"budget": int, "value": float})
    return rows.assign(sequential=rows["algorithm"].isin(SEQUENTIAL)).reset_index(drop=True)
