"""What the study made, as figures ask for it: arrays and tables by task and method, None where there are none."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from inversion import grid
from inversion.records import Draws, Simulations
from inversion.tables import published

DRAWS = "draws/{family}/{panel}/{task}/{method}/{budget}/{seed}.npz"
PATHS = DRAWS.replace(".npz", ".nc")
CURVES = "scores/calibration/{task}/{method}/{budget}/{seed}.npz"
PANEL = "simulations/{task}/panels/{panel}.npz"
POWER = "scores/power/{task}.csv"
HISTORY = "models/{task}/{method}/{budget}/{seed}.csv"
HEADLINE = "two_moons_line"


@dataclass(frozen=True)
class Study:
    """One study's folder of results and its settings.

    Figures show one budget, the one that most methods trained on, and of several seeds the first where
    draws are shown.
    """

    results: Path
    params: Mapping[str, Any]
    report: Path | None = None  # the folder of the tables that git keeps beside the pages

    @cached_property
    def cells(self) -> grid.Cells:
        return grid.expand(self.params)

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the grid inverts our own panels of, the headline's first."""
        shown = (panel.task for panel in self.cells.panels if panel.panel in grid.PANELS)
        names = dict.fromkeys(shown)
        return tuple(sorted(names, key=lambda name: name != HEADLINE))

    @cached_property
    def budget(self) -> int:
        """The budget shown; 0 where nothing is trained."""
        others = (grid.SBIBM, *grid.RESTORATIONS)
        ours = (draw for draw in self.cells.draws if draw.panel not in others)
        budgets = Counter(draw.budget for draw in ours if draw.budget)
        return min(budgets, key=lambda budget: (-budgets[budget], budget), default=0)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Of our own panels; `sbibm` has those of its observations."""
        return self._scores_at(own=True)

    def sbibm(self, ledger: bool = False) -> pd.DataFrame:
        """C2ST against sbibm's draws, of the study and what git keeps of larger ones; with a `ledger`, seconds too."""
        kept = self._kept("benchmark.csv", ["panel", *published.CELL, "value"])
        spent = published.seconds(self.costs, self.params) if ledger else None
        return published.ours(self._scores_at(own=False), kept, spent)

    def published(self, metric: str) -> pd.DataFrame:
        """What others reported of a metric: `task`, `algorithm`, `budget`, `value`, `sequential`."""
        columns = ["task", "algorithm", "budget", "metric", "value", "source"]
        return published.theirs(self._kept("published_c2st.csv", columns), metric)

    def _kept(self, name: str, columns: list[str]) -> pd.DataFrame:
        if self.report is None:
            return pd.DataFrame(columns=columns, dtype=str)
        return pd.read_csv(self.report / name, dtype={"observation": str, "budget": str})

    def _scores_at(self, own: bool) -> pd.DataFrame:
        table = pd.read_csv(self.results / "scores.csv", dtype={"observation": str})
        table = table[~table["panel"].isin(grid.RESTORATIONS)]
        return table[(table["panel"] != grid.SBIBM) == own]

    @cached_property
    def breakeven(self) -> pd.DataFrame:
        return pd.read_csv(self.results / "breakeven.csv")

    @cached_property
    def costs(self) -> pd.DataFrame:
        return pd.read_csv(self.results / "costs.csv").fillna({"panel": "", "method": ""})

    def panel(self, task: str, panel: str) -> Simulations | None:
        """A panel's observations, with what made them."""
        asked = grid.Panel(task, panel)
        if asked not in self.cells.panels:
            return None
        return Simulations.load(self.results / grid.address(PANEL, asked))

    def draws(self, task: str, method: str) -> Draws | None:
        """Draws for the comparison panel."""
        cell = self._first(self.cells.draws, task, method, "comparison")
        return None if cell is None else Draws.load(self.results / grid.address(DRAWS, cell))

    def paths(self, task: str, method: str) -> Float[np.ndarray, "obs start step dim"] | None:
        """Where the first starts of an iteration have been, for the comparison panel."""
        cell = self._first(self.cells.draws, task, method, "comparison")
        if cell is None or self.params["refinements"][method]["kind"] not in grid.PATHS:
            return None
        import xarray

        path = self.results / grid.address(PATHS, cell)
        with xarray.open_dataset(path, group="posterior", engine="h5netcdf") as file:
            return np.moveaxis(file["theta"].to_numpy(), 2, 0)

    def curves(self, task: str, method: str) -> dict[str, np.ndarray] | None:
        """Arrays of the calibration: `num_draws`, `ranks`, `tarp`, `tarp_y`."""
        cell = self._first(self.cells.calibrations, task, method, "calibration")
        if cell is None:
            return None
        with np.load(self.results / grid.address(CURVES, cell), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    def power(self, task: str) -> pd.DataFrame:
        """How often each test rejected each fault: `fault`, `test`, `repeats`, `rejected`."""
        return pd.read_csv(self.results / POWER.format(task=task))

    def histories(self, task: str, method: str) -> dict[int, pd.DataFrame]:
        """Training histories by seed: `epoch`, `train`, `validation`."""
        fits = [fit for fit in self.cells.fits if (fit.task, fit.method) == (task, method)]
        return {
            fit.seed: pd.read_csv(self.results / grid.address(HISTORY, fit))
            for fit in sorted(fits)
            if fit.budget == self.budget
        }

    def score(self, task: str, method: str, name: str, observation: str | None = None) -> float:
        """A score of the draws shown, the mean over observations if none is named; NaN where there is none."""
        chosen = self._scores(task, method, name)
        if observation is not None:
            chosen = chosen[chosen["observation"] == observation]
        return chosen.loc[chosen["seed"] == chosen["seed"].min(), "value"].mean()

    def mean_score(self, task: str, method: str, name: str) -> float:
        """The mean over observations and seeds; NaN where there is none."""
        return self._scores(task, method, name)["value"].mean()

    def _scores(self, task: str, method: str, name: str) -> pd.DataFrame:
        table = self.scores
        named = (table["task"] == task) & (table["method"] == method) & (table["score"] == name)
        return table[named & table["budget"].isin([0, self.budget])]

    def _first(
        self, cells: Iterable[grid.Draw], task: str, method: str, panel: str
    ) -> grid.Draw | None:
        asked = [
            cell
            for cell in cells
            if (cell.task, cell.method, cell.panel) == (task, method, panel)
            and cell.budget in (0, self.budget)
        ]
        return min(asked, key=lambda cell: cell.seed, default=None)
