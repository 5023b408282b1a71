"""Collect the cells' scores and costs into the study's tables."""

import argparse
import json
from pathlib import Path

from inversion.cli.common import SCORE_COLUMNS, add_cell, read_cell, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--results", required=True, type=Path)
    parser.add_argument("--kept", required=True, type=Path, help="rows kept of the larger grids")
    for name in ("scores", "costs", "breakeven", "numbers"):
        parser.add_argument(f"--{name}", required=True)


def run(arguments: argparse.Namespace) -> None:
    params = read_cell(arguments.cell, "params")["params"]
    import pandas as pd

    from inversion import grid, priors
    from inversion.records import write_atomic
    from inversion.tables.costs import break_even_table, method_costs
    from inversion.tables.numbers import numbers, verdicts
    from inversion.tables.power import rates
    from inversion.tables.refined import recorded_rows
    from inversion.tables.scale import scale
    from inversion.tables.trust import trust_rows
    from inversion.tasks.outside import RECORD as RECORD_OF_PAIRS
    from inversion.tasks.outside import pairs_from_outside

    cells = priors.expand(params)
    histories = pd.concat(
        [
            read(arguments.results, "models/{task}/{method}/{budget}/{seed}.csv", c)
            for c in cells.fits
        ]
        or [
            pd.DataFrame(
                columns=["task", "method", "budget", "seed", "epoch", "train", "validation"]
            )
        ]
    )
    scores = pd.concat(
        [read(arguments.results, "scores/calibration/{task}/{method}/{budget}/{seed}.csv", c)
         for c in cells.calibrations]
        + [read(arguments.results, "scores/comparison/{task}/{method}/{budget}/{seed}.csv", c)
           for c in cells.comparisons]
        + [read(arguments.results, "scores/comparison/sbibm/{task}/{method}/{budget}/{seed}.csv", c)
           for c in cells.checks]
        + [read(arguments.results, "scores/landing/{task}/{method}/{budget}/{seed}.csv", c)
           for c in cells.landings]
        + [read(arguments.results, "scores/restoration/{panel}/{task}/{method}/{budget}/{seed}.csv", c)
           for c in cells.restorations]
        + [prior_rows(arguments.results, fit) for fit in priors.learned(params)]
        + [trained_rows(histories), trust_rows(cells, arguments.results),
           recorded_rows(cells, arguments.results)]
    )  # fmt: skip
    scores["observation"] = scores["observation"].astype(str)
    scores = scores.sort_values(list(SCORE_COLUMNS[:-1]), kind="stable", ignore_index=True)
    costs = pd.concat(cost_tables(arguments.results, cells), ignore_index=True)
    costs["panel"] = costs["panel"].fillna("")
    costs["method"] = costs["method"].fillna("")
    per_method = method_costs(costs, grid.trainings_of(params))
    own = scores[~scores["panel"].isin([grid.SBIBM, *grid.RESTORATIONS])]
    breakeven = break_even_table(per_method, own, set(params["estimators"]))
    comparison, checks = (
        {
            (draw.task, draw.method): json.loads(
                (arguments.results / grid.address(RECORD, draw)).read_text()
            )
            for draw in reversed(cells.draws)
            if draw.family != "amortised" and draw.panel == panel
        }
        for panel in ("comparison", grid.SBIBM)
    )
    left_out: dict[str, dict] = {}
    for task, pairs in pairs_from_outside(params, cells):
        path = arguments.results / RECORD_OF_PAIRS.format(task=task, pairs=pairs)
        left_out.setdefault(task, {})[pairs] = json.loads(path.read_text())
    for table, path in (
        (scores, arguments.scores),
        (costs, arguments.costs),
        (breakeven, arguments.breakeven),
    ):
        write_atomic(path, lambda file, table=table: table.to_csv(file, index=False, na_rep="nan"))
    found = numbers(params, own, per_method, breakeven, histories, comparison)
    found["sbibm"] = verdicts(checks)
    powers = [
        pd.read_csv(arguments.results / POWER.format(task=cell.task)) for cell in cells.powers
    ]
    found["power"] = rates(pd.concat(powers)) if powers else {}
    found["scale"] = scale(params, costs, pd.read_csv(arguments.kept))
    write_json(arguments.numbers, found | ({"left_out": left_out} if left_out else {}))


POWER = "scores/power/{task}.csv"
RECORD = "draws/{family}/{panel}/{task}/{method}/{budget}/{seed}.json"


def read(results: Path, pattern: str, cell: tuple):
    """A cell's csv, with the cell's names in columns."""
    import pandas as pd

    from inversion import grid

    table = pd.read_csv(results / grid.address(pattern, cell), keep_default_na=True)
    names = {name: value for name, value in cell._asdict().items() if name in SCORE_COLUMNS[:4]}
    return table.assign(**names)


def trained_rows(histories):
    """What a training has to say for itself: whether it diverged, its best epoch and the loss there."""
    import pandas as pd

    rows = []
    for names, history in histories.groupby(["task", "method", "budget", "seed"]):
        diverged = history["validation"].isna().iloc[-1]
        values = {"diverged": float(diverged), "validation_nll": history["validation"].min()}
        if history["validation"].notna().any():
            values["best_epoch"] = float(history["epoch"][history["validation"].idxmin()])
        rows += [(*names, "training", "all", score, value) for score, value in values.items()]
    return pd.DataFrame(rows, columns=SCORE_COLUMNS)


def prior_rows(results: Path, fit):
    """What a learned prior scored against the prior."""
    import pandas as pd

    from inversion import grid, priors

    scores = json.loads((results / grid.address(priors.RECORD, fit)).read_text())
    rows = [(*fit, priors.PRIOR, "all", score, value) for score, value in scores.items()]
    return pd.DataFrame(rows, columns=SCORE_COLUMNS)


def cost_tables(results: Path, cells):
    """The ledgers of all jobs of the grid, in the order of the study's verbs."""
    import pandas as pd

    from inversion import grid

    inverted = "{family}/{panel}/{task}/{method}/{budget}/{seed}.csv"
    verbs = {"reference": "reference", "refined": "refine"}
    paths = [
        grid.address("simulate/{task}/{budget}/{seed}.csv", cell) for cell in cells.simulations
    ]
    paths += [grid.address("simulate/{task}/panels/{panel}.csv", cell) for cell in cells.panels]
    paths += [
        grid.address("train/{task}/{method}/{budget}/{seed}.csv", cell) for cell in cells.fits
    ]
    paths += [
        grid.address("train/certify/{task}/{method}/{budget}/{seed}.csv", cell)
        for cell in cells.certified
    ]
    paths += [
        grid.address("sample/{task}/{method}/{budget}/{seed}.csv", cell) for cell in cells.sampled
    ]
    paths += [
        grid.address("sample/sbibm/{task}/{method}/{budget}/{seed}.csv", cell)
        for cell in cells.checked
    ]
    paths += [
        grid.address("sample/{panel}/{task}/{method}/{budget}/{seed}.csv", cell)
        for cell in cells.restored
    ]
    paths += [
        grid.address(inverted, cell._replace(family=verb))
        for family, verb in verbs.items()
        for cell in cells.drawn(family)
    ]
    return [pd.read_csv(results / "costs" / path) for path in paths]
