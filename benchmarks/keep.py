"""Keep the benchmark grid's scores of large budgets in report/benchmark.csv, with the day and the machine.

After the cells are made (hours; a subset may be asked for by file name), for example:

    snakemake --cores 2 --config grid=benchmark -- \\
        results/scores/comparison/two_moons_line/flow/200000/{0,1,2}.csv
    python benchmarks/keep.py results/scores/comparison/two_moons_line/flow/200000/*.csv
"""

import argparse
import re
from datetime import date
from pathlib import Path

import pandas as pd

TABLE = Path(__file__).parents[1] / "report/benchmark.csv"
KEPT = ("excess_nll", "c2st", "mode_tv")


def machine() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return found.group(1) if found else "unknown processor"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "scores", nargs="+", type=Path, help="a cell's csv under results/scores/comparison"
    )
    rows = pd.concat([pd.read_csv(path) for path in parser.parse_args().scores])
    rows = rows[rows["score"].isin(KEPT)].assign(date=date.today().isoformat(), machine=machine())
    kept = pd.read_csv(TABLE)
    cells = ["task", "method", "budget", "seed", "observation", "score"]
    table = pd.concat([kept, rows]).astype({"observation": str})
    table = table.drop_duplicates(cells, keep="last").sort_values(cells, kind="stable")
    table.to_csv(TABLE, index=False)
    print(f"{len(rows)} rows in {TABLE.name}, {len(table)} in all")


if __name__ == "__main__":
    main()
