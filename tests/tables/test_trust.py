"""Certificates and corrections as rows of scores."""

import json

from inversion import grid
from inversion.tables.trust import correction_scores, of_trust, trust_rows

CERTIFICATE = {
    "false_alarms": 0.051,
    "alarms": {"noise": 0.97},
    "verdicts": {"use it": {"share": 0.8, "region": 0.91}},
    "coverage": [0.9, 0.8, 0.93],
    "coverage_repaired": [0.9, 0.91, 0.905],
    "region": 0.7,
    "region_repaired": 0.9,
}
CORRECTION = {
    "accepted": False,
    "numbers": {"accepted_share": 0.5, "khat": [0.2, "inf"], "ess": [900.0, 3.0]},
}


def test_each_record_becomes_its_rows(tmp_path):
    fit = grid.Fit("slcp", "flow", 1000, 0)
    draws = tuple(
        grid.Draw("refined", panel, "slcp", "flow+is", 1000, 0) for panel in ("comparison", "sbibm")
    )
    nothing = dict.fromkeys(grid.Cells._fields, ())
    cells = grid.Cells(**nothing | {"certified": (fit,), "draws": draws})
    model = tmp_path / "models/slcp/flow/1000"
    model.mkdir(parents=True)
    (model / "0.trust.json").write_text(json.dumps(CERTIFICATE))
    record = tmp_path / "draws/refined/sbibm/slcp/flow+is/1000"
    record.mkdir(parents=True)
    (record / "0.json").write_text(json.dumps(CORRECTION))
    rows = trust_rows(cells, tmp_path)
    values = rows.set_index(["method", "observation", "score"])["value"]
    assert values["flow", "all", "alarms_noise"] == 0.97
    assert values["flow", "all", "verdict_use it_region"] == 0.91
    assert values["flow", "all", "coverage_before"] == 0.8, "the worst coordinate's"
    assert values["flow", "all", "coverage_after"] == 0.91
    assert values["flow+is", "1", "khat"] == float("inf")
    assert values["flow+is", "all", "share_accepted"] == 0.5
    assert set(rows["panel"]) == {"held_out", "sbibm"}
    assert of_trust(rows["score"]).all()


def test_a_refinement_without_weights_has_no_rows():
    assert list(correction_scores({"numbers": {"rhat": [1.0]}})) == []
