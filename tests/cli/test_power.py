"""`inversion power`: a table of how often each test rejected each fault, the same when made again."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from inversion.cli.main import main
from inversion.cli.power import panels
from inversion.diagnostics.tests import PLACES
from inversion.names import FAULTS, TESTS
from inversion.tables.power import rates

PARAMS = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())


def cell(*faults: str, backwards: bool = False) -> str:
    small = {"level": 0.05, "observations": 200, "draws": 20, "predictions": 5, "nulls": 39}
    repeats = {"default": {"default": 2, "local": 1}, "narrow_60": 3}
    at = {"there": [0.9, 0, 0, 0, 0], "elsewhere": [0, 0, 0, 0, 0]}
    if backwards:  # as a dictionary may come through JSON
        at = dict(reversed(at.items()))
    return json.dumps({
        "root_seed": 0, "task": "gaussian_linear_5", "task_entry": PARAMS["tasks"]["gaussian_linear_5"],
        "power": {**small, "at": at, "faults": faults, "repeats": repeats},
        "faults": {name: PARAMS["faults"][name] for name in faults},
    })  # fmt: skip


def test_the_table_has_every_test_of_every_fault(tmp_path) -> None:
    for name in ("a.csv", "b.csv"):
        asked = cell("narrow_60", "exact") if name == "a.csv" else cell("exact", backwards=True)
        assert main(["power", "--cell", asked, "--out", str(tmp_path / name)]) == 0
    table = pd.read_csv(tmp_path / "a.csv").set_index(["fault", "test"])
    assert list(dict.fromkeys(table.index.get_level_values("fault"))) == ["narrow_60", "exact"]
    assert set(table.index.get_level_values("test")) == set(TESTS)
    assert table.loc[("exact", "sbc"), "repeats"] == 2
    assert table.loc[("exact", "local_there"), "repeats"] == 1
    assert (table.loc["narrow_60"]["repeats"] == 3).all()
    assert table.loc[("narrow_60", "sbc"), "rejected"] == 3
    assert table.loc[("narrow_60", "tarp_binned"), "rejected"] == 0
    # A fault's numbers do not depend on the faults beside it.
    alone = pd.read_csv(tmp_path / "b.csv").set_index(["fault", "test"])
    pd.testing.assert_frame_equal(alone, table.loc[["exact"]])


def test_places_are_told_by_their_names() -> None:
    for backwards in (False, True):
        asked = json.loads(cell("exact", backwards=backwards))
        (panel,) = panels(asked, "exact", asked["faults"]["exact"], 1)
        np.testing.assert_allclose(panel.at[PLACES.index("there")], [0.9, 0, 0, 0, 0])
        assert panel.theta_at[PLACES.index("there"), :, 0].mean() > 0.3


def test_a_rate_has_an_error_also_where_nothing_was_missed() -> None:
    rows = [("t", "f", "sbc", 100, 100), ("t", "f", "tarp", 100, 25)]
    counts = pd.DataFrame(rows, columns=["task", "fault", "test", "repeats", "rejected"])
    found = rates(counts)["t"]["f"]
    assert found["sbc"]["rate"] == 1.0
    assert 0.005 < found["sbc"]["error_rate"] < 0.015
    assert abs(found["tarp"]["error_rate"] - (0.25 * 0.75 / 100) ** 0.5) < 0.002
    assert found["tarp"]["repeats"] == 100


def test_all_faults_of_the_settings_have_names() -> None:
    assert set(PARAMS["faults"]) == set(FAULTS)
