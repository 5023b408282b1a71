"""Keep what the larger grids made in report/benchmark.csv, with the day and the machine.

After the cells of a grid are made (hours; a subset may be asked for by file name), for example:

    snakemake --cores 2 --cache --config grid=networks -- phase_calibrate phase_compare
    python benchmarks/keep.py networks

`--cache` keeps the cells for a later run: `make study` empties `results/` of what its own grid does not make. Cells
that are not there are passed over. `--methods` and `--budgets` keep a part. `--judge` has every trained density
judged besides, as benchmarks/tune.py judges: by its validation loss on pairs of a tuning seed.
"""

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
import yaml

from inversion import grid
from inversion.report.simulators import LOSS
from inversion.tables import published, trust

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "report/benchmark.csv"
DISTANCES = ("sbc_ks", "sbc_ks_95", "sbc_ks_mean", "sbc_ks_mean_95")
SCORES = ("excess_nll", "c2st", "mode_tv", *DISTANCES, "tarp_p")
CSV = "{task}/{method}/{budget}/{seed}.csv"
MODEL = "models/{task}/{method}/{budget}/{seed}.eqx"
CELL = ["task", "method", "budget", "seed", "observation", "score", "panel"]


def machine() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return found.group(1) if found else "unknown processor"


def training_of(cell: grid.Fit | grid.Draw, trained_by: dict[str, str]) -> str:
    """The address of the training that a method draws from."""
    method = trained_by.get(cell.method, cell.method)
    return CSV.format(**cell._asdict() | {"method": method})


def is_refined(cell: grid.Fit | grid.Draw) -> bool:
    """Whether a cell is that of a refinement's draws."""
    return getattr(cell, "family", None) == "refined"


def kept(fit: grid.Fit | grid.Draw, trained_by: dict[str, str]) -> Iterator[pd.DataFrame]:
    """Scores of a trained estimator, a refinement or the exact posterior; as scores too, what training and draws for
    one y took, and `upfront_s`: simulating, compiling and training."""
    address, training = CSV.format(**fit._asdict()), training_of(fit, trained_by)
    paths = [ROOT / "results/scores" / panel / address for panel in ("calibration", "comparison")]
    paths = [path for path in paths if path.exists()]
    if not paths:
        return
    for path in paths:
        scores = pd.read_csv(path)
        yield scores[scores["score"].isin(SCORES)]
    simulated = f"{fit.task}/{fit.budget}/{fit.seed}.csv"
    upfront = [
        ROOT / "results/costs" / path for path in (f"train/{training}", f"simulate/{simulated}")
    ]
    if all(path.exists() for path in upfront):
        spent = pd.concat(map(pd.read_csv, upfront))[["cpu_s", "compile_s"]].sum().sum()
        row = dict(zip(CELL[:4], (fit.task, fit.method, fit.budget, fit.seed)))
        row |= {"panel": "", "observation": "all", "score": "upfront_s", "value": spent}
        yield pd.DataFrame([row])
    drawn = f"refine/comparison/{address}" if is_refined(fit) else f"sample/{address}"
    for verb, panel, spent in (
        ("train", None, f"train/{training}"),
        ("sample", "comparison", drawn),
    ):
        path = ROOT / "results/costs" / spent
        if path.exists():
            costs = pd.read_csv(path)
            if panel is not None:
                costs = costs[costs["panel"] == panel]
            seconds = costs["cpu_s"] / costs["observations"].clip(lower=1)
            names = {"method": fit.method, "panel": panel or "", "observation": "all"}
            yield costs[CELL[:4]].assign(**names, score=f"{verb}_s", value=seconds)


def judged(
    fits: Iterable[grid.Fit], exact: Iterable[grid.Draw], params: dict
) -> Iterator[pd.DataFrame]:
    """The validation loss of trained densities, and of posteriors in closed form, each problem's on the same pairs."""
    from tune import JUDGED, JUDGING_SEED, held_out_loss, pairs

    from inversion.estimators.trained import load_model
    from inversion.posterior import AbstractDensity
    from inversion.references.exact import Exact
    from inversion.tasks import make_task

    densities = {}
    for fit in fits:
        path = ROOT / "results" / grid.address(MODEL, fit)
        model = load_model(path) if path.exists() else None
        if isinstance(model, AbstractDensity):
            densities.setdefault(fit.task, {})[fit] = model.log_prob
    for draw in exact:
        of_exact = partial(Exact().log_prob, make_task(params["tasks"][draw.task]))
        densities.setdefault(draw.task, {})[draw] = of_exact
    for task, log_probs in densities.items():
        held_out = pairs(params, task, JUDGED, JUDGING_SEED)
        for cell, log_prob in log_probs.items():
            row = {name: value for name, value in cell._asdict().items() if name in CELL}
            row |= {"panel": "", "observation": "all", "score": LOSS}
            yield pd.DataFrame([{**row, "value": round(held_out_loss(log_prob, held_out), 4)}])


def kept_check(draw: grid.Draw, params: dict) -> Iterator[pd.DataFrame]:
    """C2ST on sbibm's observations, and the seconds of one of them from nothing."""
    address = CSV.format(**draw._asdict())
    path = ROOT / "results/scores/comparison/sbibm" / address
    if not path.exists():
        return
    scores = pd.read_csv(path)
    yield scores[scores["score"] == published.C2ST]
    record = ROOT / "results/draws/reference/sbibm" / Path(address).with_suffix(".json")
    if record.exists():
        value = float(json.loads(record.read_text())["accepted"])
        row = dict(zip(CELL[:4], (draw.task, draw.method, draw.budget, draw.seed)))
        row |= {"panel": draw.panel, "observation": "all"}
        yield pd.DataFrame([row | {"score": published.ACCEPTED, "value": value}])
    costs = ROOT / "results/costs"
    spent = [costs / "reference/sbibm" / address]
    drawing = {"amortised": "sample", "refined": "refine"}
    if draw.family in drawing:
        simulated = costs / "simulate" / draw.task / str(draw.budget) / f"{draw.seed}.csv"
        spent = [
            costs / "train" / training_of(draw, grid.drawn_from(params)),
            costs / drawing[draw.family] / "sbibm" / address,
            simulated,
        ]
    if all(path.exists() for path in spent):
        ledger = pd.concat(map(pd.read_csv, spent)).fillna({"panel": "", "method": ""})
        yield published.seconds(ledger, params).assign(panel=draw.panel)


def kept_trust(cells: grid.Cells, fits: list, draws: list) -> Iterator[pd.DataFrame]:
    """What the certificates of `fits` and the corrections among `draws` say of themselves."""
    for fit in fits:
        if (ROOT / "results" / grid.address(trust.CERTIFICATE, fit)).exists():
            yield trust.trust_rows(cells._replace(certified=(fit,), draws=()), ROOT / "results")
    for draw in draws:
        if (ROOT / "results" / grid.address(trust.RECORD, draw)).exists():
            yield trust.trust_rows(cells._replace(certified=(), draws=(draw,)), ROOT / "results")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("grid")
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--budgets", nargs="+", type=int)
    parser.add_argument("--judge", action="store_true")
    arguments = parser.parse_args()
    params = grid.resolved(yaml.safe_load((ROOT / "params.yaml").read_text()))
    if arguments.grid not in params["grids"]:
        parser.error(f"expected a grid among {', '.join(params['grids'])}; got {arguments.grid}")
    cells = grid.expand({**params, "grid": arguments.grid})

    def asked(cell: grid.Fit | grid.Draw) -> bool:
        return cell.method in (arguments.methods or [cell.method]) and cell.budget in (
            arguments.budgets or [cell.budget]
        )

    trained_by = grid.drawn_from(params)
    fits = [fit for fit in cells.sampled if asked(fit)]
    exact = [draw for draw in cells.calibrations if draw.method == "exact" and asked(draw)]
    tables = list(judged(fits, exact, params)) if arguments.judge else []
    tables += [table for cell in (*fits, *exact) for table in kept(cell, trained_by)]
    tables += [table for draw in cells.landings if asked(draw) for table in kept(draw, trained_by)]
    tables += [table for draw in cells.checks if asked(draw) for table in kept_check(draw, params)]
    draws = [draw for draw in cells.checks if draw.family == "refined" and asked(draw)]
    tables += kept_trust(cells, [fit for fit in cells.certified if asked(fit)], draws)
    if not tables:
        parser.error(f"expected results of the grid {arguments.grid}; got none")
    rows = pd.concat(tables).assign(date=date.today().isoformat(), machine=machine())
    table = pd.concat([pd.read_csv(TABLE), rows]).astype({"observation": str})
    table = table.fillna({"panel": ""})
    table = table.drop_duplicates([*CELL, "value"])  # what has not changed keeps its day
    table = table.drop_duplicates(CELL, keep="last").sort_values(CELL, kind="stable")
    table.to_csv(TABLE, index=False)
    print(f"{len(rows)} rows in {TABLE.name}, {len(table)} in all")


if __name__ == "__main__":
    main()
