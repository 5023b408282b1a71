"""A tiny made-up study of every method: files as the workflow writes them, with numbers that the tests know."""

import copy
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pytest
import yaml

from inversion import grid
from inversion.figures import study as files
from inversion.figures.study import Study
from inversion.records import Draws, Simulations

PARAMS = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
OBS, DRAWS = 200, 50
REPORT = Path(__file__).parents[2] / "report"
DIMS = {"two_moons_line": 2, "gaussian_linear": 10}
COST_COLUMNS = ["task", "method", "budget", "seed", "verb", "panel", "observations", "draws"]
SECONDS = ["compile_s", "cpu_s", "wall_s"]
CALLS = ["simulator_calls", "likelihood_calls", "gradient_calls", "network_calls"]


def params_of(name: str) -> dict:
    return copy.deepcopy(PARAMS) | {"grid": name}


def write_study(results: Path, params: dict) -> Study:
    """All files that figures read."""
    study, rng = Study(results, params, REPORT), np.random.default_rng(0)
    for panel in (panel for panel in study.cells.panels if panel.panel in grid.PANELS):
        write_panel(results, panel, rng)
    for cell in study.cells.draws:
        if cell.panel in grid.RESTORATIONS:
            write_images(results / grid.address(files.DRAWS, cell), rng)
        if cell.panel == "comparison":
            write_draws(results, cell, rng)
            if params["refinements"].get(cell.method, {"kind": ""})["kind"] in grid.PATHS:
                write_paths(results / grid.address(files.PATHS, cell), DIMS[cell.task])
    for cell in study.cells.calibrations:
        write_curves(results / grid.address(files.CURVES, cell), DIMS[cell.task], rng, width=1.0)
    for fit in study.cells.fits:
        write_history(results / grid.address(files.HISTORY, fit))
    for cell in study.cells.powers:
        write_power(results / files.POWER.format(task=cell.task), cell.task)
    write_tables(study)
    return study


def write_power(path: Path, task: str) -> None:
    """SBC rejects the exact posterior in 1 panel of 20 and everything else always, TARP nothing."""
    rows = [
        (task, fault, test, 20, {"sbc": 1 if fault == "exact" else 20}.get(test, 0))
        for fault in PARAMS["power"]["tasks"][task]["faults"]
        for test in ("tarp", "sbc")
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ["task", "fault", "test", "repeats", "rejected"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


def write_panel(results: Path, panel: grid.Panel, rng: np.random.Generator) -> None:
    theta = rng.normal(size=(OBS, DIMS[panel.task]))
    y = theta.sum(axis=1, keepdims=True)
    if panel.panel == "comparison" and panel.task == "two_moons_line":
        theta, y = np.full((3, 2), np.nan), np.array([[-1.0], [0.0], [1.0]])
    Simulations(theta, y).save(results / grid.address(files.PANEL, panel))


def write_draws(results: Path, cell: grid.Draw, rng: np.random.Generator) -> None:
    """Draws near the line theta_1 + theta_2 = y, within 0.035 for the box and 0.1 otherwise."""
    y = np.array([[-1.0], [0.0], [1.0]])
    along = rng.normal(size=(3, DRAWS, DIMS[cell.task]))
    noise = rng.normal(scale=0.035 if cell.method == "rejection_box" else 0.1, size=(3, DRAWS))
    theta = along - along.mean(axis=-1, keepdims=True) + (y + noise)[..., None] / along.shape[-1]
    truth = np.full((3, along.shape[-1]), np.nan)
    Draws(truth, y, theta.astype(np.float32)).save(results / grid.address(files.DRAWS, cell))


def write_images(path: Path, rng: np.random.Generator) -> None:
    """Images of 4 x 4 pixels, the first of them black, whose draws scatter by .1 around the truth; half are seen."""
    truth = rng.uniform(size=(3, 4, 4, 1))
    seen = rng.permuted(np.tile(np.arange(16) < 8, (3, 1)), axis=1).reshape(3, 4, 4, 1)
    theta = truth.reshape(3, 1, 16) + 0.1 * rng.normal(size=(3, 9, 16))
    Draws(truth.reshape(3, 16), np.concatenate([truth * seen, seen], axis=-1), theta).save(path)


def write_paths(path: Path, dim: int) -> None:
    """Two starts that go from one corner to the other in four steps, at every observation."""
    steps = np.linspace([-2.0] * dim, [2.0] * dim, 5)
    theta = np.tile(steps[None, :, None], (2, 1, 3, 1)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = az.from_dict(posterior={"theta": theta}, dims={"theta": ["observation", "coordinate"]})
    data.to_netcdf(str(path))


def write_curves(path: Path, dim: int, rng: np.random.Generator, width: float) -> None:
    """Ranks of normal truths among normal draws `width` times as wide."""
    ranks = (width * rng.normal(size=(OBS, DRAWS, dim)) < rng.normal(size=(OBS, 1, dim))).sum(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    tarp = ranks[:, :2].T / DRAWS
    np.savez(path, num_draws=np.asarray(DRAWS), ranks=ranks, tarp=tarp[0], tarp_y=tarp[1])


def write_history(path: Path, best: int = 12) -> None:
    epoch = np.arange(1, 21)
    validation = -0.9 + 0.01 * np.abs(epoch - best)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"epoch": epoch, "train": -0.02 * epoch, "validation": validation})
    table.to_csv(path, index=False)


def write_tables(study: Study) -> None:
    """C2ST 0.6 at the first observation, 0.7 and 0.8 at the next; each p 0.25; the exact NLL -1."""
    rows = []
    for cell in study.cells.draws:
        where = (cell.task, cell.method, cell.budget, cell.seed, cell.panel)
        if cell.panel == "comparison":
            rows += [(*where, str(at), "c2st", 0.6 + at / 10) for at in range(3)]
        if cell.panel == "calibration":
            rows += [(*where, "all", name, 0.25) for name in ("sbc_p", "tarp_p", "tarp_y_p")]
        if cell.panel == grid.SBIBM:
            rows += [
                (*where, str(at), "c2st", 0.9 - 0.1 * (cell.budget == 10_000)) for at in range(10)
            ]
        if cell.panel == "density":
            rows.append((*where, "all", "nll", -1.0))
    columns = ["task", "method", "budget", "seed", "panel", "observation", "score", "value"]
    pd.DataFrame(rows, columns=columns).to_csv(study.results / "scores.csv", index=False)
    costs = pd.DataFrame(cost_rows(study), columns=COST_COLUMNS + SECONDS).assign(
        **dict.fromkeys(CALLS, 0)
    )
    costs.to_csv(study.results / "costs.csv", index=False)
    write_breakeven(study)


def cost_rows(study: Study) -> list[tuple]:
    """Training takes 90 s and 10 s of compiling; an observation 0.1 s, or 2.1 s without training."""
    rows = [
        (fit.task, fit.method, fit.budget, fit.seed, "train", "", 0, 0, 10, 90, 90)
        for fit in study.cells.fits
    ]
    verbs = {"amortised": "sample", "reference": "reference", "refined": "refine"}
    for cell in study.cells.draws:
        if cell.panel in ("comparison", grid.SBIBM):
            each = 0.1 if cell.family == "amortised" else 2.1
            where = (cell.task, cell.method, cell.budget, cell.seed, verbs[cell.family], cell.panel)
            rows.append((*where, 3, 10_000, 0, 3 * each, 3 * each))
    return rows


def write_breakeven(study: Study) -> None:
    columns = ["task", "method", "budget", "against", "observations"]
    rows = [
        (task, "flow", study.budget, against, count)
        for task in study.tasks
        for against, count in (("nuts", 50), ("exact", np.inf))
    ]
    pd.DataFrame(rows, columns=columns).to_csv(study.results / "breakeven.csv", index=False)


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Study:
    """The study grid, every method."""
    return write_study(tmp_path_factory.mktemp("study") / "results", params_of("study"))


@pytest.fixture(scope="session")
def smoke(tmp_path_factory) -> Study:
    """The smoke grid, few methods."""
    return write_study(tmp_path_factory.mktemp("smoke") / "results", params_of("smoke"))


@pytest.fixture
def fresh(tmp_path) -> Study:
    """A study whose files a test may change."""
    return write_study(tmp_path / "results", params_of("smoke"))


@pytest.fixture
def restored(tmp_path) -> Study:
    """Two methods on images half of which is seen, and none that git keeps."""
    block = {"tasks": ["digits_inpaint"], "estimators": ["flow_matching", "gaussian_head"]}
    block |= {"panels": ["restoration"], "budgets": [10], "seeds": [0]}
    study = Study(tmp_path, params_of("one") | {"grids": {"one": [block]}})
    for cell in study.cells.restorations:
        path = tmp_path / grid.address(files.DRAWS, cell)
        write_images(path, np.random.default_rng(0))
    return study
