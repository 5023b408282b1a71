"""What refinements say of themselves, as rows of scores."""

import json

import pytest

from inversion import grid
from inversion.tables.refined import recorded_rows

SPLITTING = {
    "accepted": False,
    "numbers": {"converged": [0.5, 1.0], "iterations": [200, 31], "primal": ["inf", 2e-5], "dual": [1.0, 1e-5]},
}  # fmt: skip
CHAINS = {"accepted": True, "numbers": {"rhat": [1.0], "ess_bulk": [900.0]}}


def test_each_record_becomes_its_rows(tmp_path):
    draws = tuple(
        grid.Draw("refined", panel, "moons", method, 1000, 0)
        for method in ("admm", "latent_nuts")
        for panel in ("calibration", "comparison")
    )
    cells = grid.Cells(**dict.fromkeys(grid.Cells._fields, ()) | {"draws": draws})
    for method, record in (("admm", SPLITTING), ("latent_nuts", CHAINS)):
        folder = tmp_path / "draws/refined/comparison/moons" / method / "1000"
        folder.mkdir(parents=True)
        (folder / "0.json").write_text(json.dumps(record))
    rows = recorded_rows(cells, tmp_path)
    assert set(rows["panel"]) == {"comparison"}
    values = rows.set_index(["method", "observation", "score"])["value"]
    assert values["admm", "1", "converged_rate"] == 1.0
    assert values["admm", "0", "iterations"] == 200
    assert values["admm", "0", "primal_residual"] == float("inf")
    assert values["latent_nuts", "all", "record_accepted"] == 1.0
    with pytest.raises(KeyError):
        values["admm", "all", "record_accepted"]
