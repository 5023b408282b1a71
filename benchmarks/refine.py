"""Keep what the grid `refine` made in report/tables/refine.csv, with the day and the machine. After, for example,

    snakemake --cores 2 --cache --config grid=refine -- phase_calibrate phase_compare
    python benchmarks/refine.py

Cells that are not there are passed over.
"""

import json
from datetime import date
from pathlib import Path

import pandas as pd
import yaml
from keep import CELL, CSV, machine

from inversion import grid
from inversion.tables.refined import ACCEPTED, RECORD, recorded_scores
from inversion.tables.refined import SCORES as RECORDED

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "report/tables/refine.csv"
SCORES = r"c2st|mmd|mode_tv|segment_\d|off_rate|parts|parts_found|sbc_p|tarp_y_p"
SAID = {*RECORDED.values(), ACCEPTED, "each_s"}
VERBS = {"amortised": "sample", "refined": "refine", "reference": "reference"}


def kept(draw: grid.Draw) -> list[pd.DataFrame]:
    """Scores of one method, what its record says, and the seconds of one observation more."""
    results, address = ROOT / "results", CSV.format(**draw._asdict())
    tables = [
        pd.read_csv(path)
        for panel in ("calibration", "comparison", "landing")
        if (path := results / "scores" / panel / address).exists()
    ]
    names = draw._asdict() | {"panel": "comparison"}
    if (path := results / RECORD.format(**names)).exists():
        rows = recorded_scores(json.loads(path.read_text()))
        said = pd.DataFrame(rows, columns=["observation", "score", "value"])
        tables.append(said.assign(**{name: names[name] for name in (*CELL[:4], "panel")}))
    costs = results / "costs" / VERBS[draw.family]
    path = costs / address if draw.family == "amortised" else costs / "comparison" / address
    if path.exists():
        spent = pd.read_csv(path)
        spent = spent[spent["panel"] == "comparison"]
        each = spent["cpu_s"] / spent["observations"]
        tables.append(
            spent[CELL[:4]].assign(
                panel="comparison", observation="all", score="each_s", value=each
            )
        )
    return tables


def main() -> None:
    params = grid.resolved(yaml.safe_load((ROOT / "params.yaml").read_text()))
    cells = grid.expand({**params, "grid": "refine"})
    draws = dict.fromkeys(draw._replace(panel="comparison") for draw in cells.comparisons)
    table = pd.concat([table for draw in draws for table in kept(draw)])
    table = table[table["score"].str.fullmatch(SCORES) | table["score"].isin(SAID)]
    table = table[[*CELL, "value"]].assign(date=date.today().isoformat(), machine=machine())
    table = table.astype({"observation": str}).sort_values(CELL, kind="stable")
    table.to_csv(TABLE, index=False, float_format="%.6g")
    print(f"{len(table)} rows in {TABLE.name}")


if __name__ == "__main__":
    main()
