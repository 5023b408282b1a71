"""The table of speed: times faster than each peer, bold where what was asked is reached."""

from types import SimpleNamespace

import pandas as pd

from inversion.report.formats import MISSING
from inversion.report.speed import TIMES, speed

UNITS = {"step": "ms", "step_chained": "ms", "target": "s", "draw": "s", "draw_many": "s"}


def row_of(title: str, *measured: tuple[str, str, float], repetitions: int = 1) -> list[str]:
    rows = [
        {
            "what": what, "who": who, "median": value, "low": 0.5 * value, "high": 2 * value,
            "repetitions": repetitions, "unit": UNITS[what],
            "versions": f"{who} 1.2", "machine": "a machine", "date": "2026-01-02",
        }
        for what, who, value in measured
    ]  # fmt: skip
    table = speed(SimpleNamespace(speed=pd.DataFrame(rows)))
    line = next(line for line in table.splitlines() if title in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_peer_is_told_by_how_many_times_it_takes():
    step = ("step", "inversion", 1.1), ("step", "sbi", 33.0), ("step", "bayesflow", 2.2)
    row = row_of("Training step, 6", *step)
    assert row[2:] == ["**1.1 ms**", f"33 ms, **30{TIMES}**", f"2.2 ms, 2{TIMES}", MISSING]


def test_a_bound_of_our_own_that_is_missed_is_not_bold():
    row = row_of("Training step, 6", ("step", "inversion", 1.3))
    assert row[2] == "1.3 ms"
    assert row[1].endswith("≤ 1.2 ms")


def test_another_flow_of_a_peer_stands_beside_the_same_time_of_ours():
    row = row_of("as a chain", ("step", "inversion", 1.0), ("step_chained", "flowjax", 3.0))
    assert row[2] == "1 ms"
    assert row[-1] == f"3 ms, 3{TIMES}"


def test_a_target_that_a_peer_never_reached_has_no_ratio():
    reached = ("target", "inversion", 10.0), ("target", "sbi", float("inf"))
    assert row_of("Cold start to", *reached)[3] == "not reached"


def test_a_target_that_we_never_reached_is_no_gain():
    reached = ("target", "inversion", float("inf")), ("target", "sbi", 10.0)
    assert row_of("Cold start to", *reached)[2:4] == ["not reached", "10 s"]


def test_many_observations_are_told_in_times_of_one():
    ours = ("draw", "inversion", 0.01), ("draw_many", "inversion", 0.9)
    theirs = ("draw", "flowjax", 0.02), ("draw_many", "flowjax", 2.7)
    row = row_of("100 observations", *ours, *theirs)
    assert row[2] == "**0.9 s, 90 times one**"
    assert row[-1] == f"2.7 s, 135 times one, 3{TIMES}"


def test_the_spread_is_that_of_several_repetitions():
    assert row_of("draws, flow |", ("draw", "inversion", 0.02), repetitions=3)[2] == (
        "0.02 s (0.01 to 0.04)"
    )


def test_day_machine_and_versions_are_told():
    row = row_of("Versions", ("step", "inversion", 1.0), ("step", "sbi", 30.0))
    assert row[1:] == ["2026-01-02, a machine", "inversion 1.2", "sbi 1.2", MISSING, MISSING]


def test_what_was_not_measured_has_no_row():
    table = speed(SimpleNamespace(speed=pd.DataFrame(columns=["what", "who", "median"])))
    assert "not made" in table
