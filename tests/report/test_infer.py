"""The tables of corrections, alarms and repaired coverage."""

from types import SimpleNamespace

import pandas as pd

from inversion.report.formats import MISSING
from inversion.report.infer import alarms, corrections, infer_times, repair, verdicts
from inversion.tables.published import CELL

CHECKS = [
    ("slcp", "flow", 1000, 0, "0", "c2st", 0.8),
    ("slcp", "flow", 1000, 0, "1", "c2st", 0.7),
    ("slcp", "flow+is", 1000, 0, "0", "c2st", 0.52),
    ("slcp", "flow+is", 1000, 0, "1", "c2st", 0.5),
    ("slcp", "flow+is", 1000, 0, "all", "cpu_s", 75.0),
    ("slcp", "nuts", 0, 0, "0", "c2st", 0.5),
]
TRUST = [
    ("slcp", "flow+is", 1000, 0, "sbibm", "0", "khat", 0.3),
    ("slcp", "flow+is", 1000, 0, "sbibm", "1", "khat", 0.9),
    ("slcp", "flow+is", 1000, 0, "sbibm", "0", "ess", 5000.0),
    ("slcp", "flow+is", 1000, 0, "sbibm", "1", "ess", 450.0),
    ("slcp", "flow+is", 1000, 0, "sbibm", "all", "share_accepted", 0.5),
    ("slcp", "flow", 1000, 0, "held_out", "all", "false_alarms", 0.049),
    ("slcp", "flow", 1000, 0, "held_out", "all", "alarms_noise", 0.95),
    ("slcp", "flow", 1000, 0, "held_out", "all", "alarms_stuck", 0.5),
    ("slcp", "flow", 1000, 0, "held_out", "all", "verdict_use it_share", 0.75),
    ("slcp", "flow", 1000, 0, "held_out", "all", "verdict_use it_region", 0.9),
    ("slcp", "flow", 1000, 0, "held_out", "all", "verdict_use it_kl", 0.0123),
    ("slcp", "flow", 1000, 0, "held_out", "all", "verdict_do not use it_share", 0.25),
    ("slcp", "flow", 1000, 0, "held_out", "all", "verdict_do not use it_region", 0.4),
    ("slcp", "flow", 1000, 0, "held_out", "all", "coverage_before", 0.84),
    ("slcp", "flow", 1000, 0, "held_out", "all", "coverage_after", 0.903),
]


def results(checks=CHECKS, trust=TRUST) -> SimpleNamespace:
    columns = ["task", "method", "budget", "seed", "panel", "observation", "score", "value"]
    return SimpleNamespace(
        sbibm=pd.DataFrame(checks, columns=[*CELL, "value"]),
        trust=pd.DataFrame(trust, columns=columns),
    )


def cells(table: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]
    ]


def test_a_correction_stands_below_the_estimator_that_it_starts_from():
    plain, weighted = cells(corrections(results()))
    assert plain == ["SLCP", "flow", "1,000", "0.750", "0.800", *[MISSING] * 4]
    assert weighted[:5] == ["SLCP", "flow, weighted", "1,000", "0.510", "0.520"]
    assert weighted[6:] == ["0.900", "450", "50.0%"]


def test_alarms_and_coverage_are_shares():
    (row,) = cells(alarms(results()))
    assert row == ["SLCP", "flow", "4.9%", "95.0%", MISSING, MISSING, "50.0%", MISSING]
    (row,) = cells(repair(results()))
    assert row == ["SLCP", "flow", "84.0%", "90.3%", MISSING, MISSING]


def test_verdicts_stand_in_their_order_those_never_given_left_out():
    assert cells(verdicts(results())) == [
        ["SLCP", "flow", "use it", "75.0%", "90.0%", "0.012"],
        ["SLCP", "flow", "do not use it", "25.0%", "40.0%", MISSING],
    ]


def test_the_share_of_importing_is_told():
    parts = {"all": 2.0, "cpu": 1.9, "compiling": 0.5, "imports": 0.8}
    rows = [("two_moons", "flow", "cold", part, value) for part, value in parts.items()]
    columns = ["task", "method", "cache", "part", "median_s"]
    times = SimpleNamespace(infer_times=pd.DataFrame(rows, columns=columns))
    (row,) = cells(infer_times(times))
    assert row[2:] == ["compiled anew", "2.00 s", "1.90 s", "500 ms", "800 ms", "40.0%"]


def test_what_no_grid_made_is_told():
    for table in (corrections, alarms, repair, verdicts):
        assert "not made by this grid" in table(results([], []))
