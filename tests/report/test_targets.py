"""The table of bounds: bold where a bound is kept, plain where it is not, the worst observation where it says so."""

from types import SimpleNamespace

import pandas as pd

from inversion.report.targets import targets


def results(excess: float, errors: tuple[float, ...]) -> SimpleNamespace:
    entry = {"mean": 0.0} | {f"observation_{i}": error for i, error in enumerate(errors)}
    flow = {"excess_nll": {"mean": excess}, "consistency_mean_error": entry}
    columns = ["task", "method", "budget", "seed", "panel", "observation", "score", "value"]
    row = ("two_moons_line", "flow", 200_000, "0", "density", "all", "excess_nll", 0.008)
    return SimpleNamespace(
        numbers={"scores": {"two_moons_line": {"flow": flow, "flow_original": flow}}},
        benchmark=pd.DataFrame([row], columns=columns),
    )


def row_of(table: str, what: str) -> list[str]:
    line = next(line for line in table.splitlines() if what in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_bound_kept_is_bold_and_one_missed_is_not():
    assert row_of(targets(results(0.06, (0, 0, 0))), "Excess NLL |")[2] == "**0.0600**"
    assert row_of(targets(results(0.07, (0, 0, 0))), "Excess NLL |")[2] == "0.0700"


def test_nothing_was_asked_of_the_originals_settings():
    assert row_of(targets(results(0.01, (0, 0, 0))), "Excess NLL |")[-1] == "0.0100"


def test_the_worst_observation_counts():
    assert row_of(targets(results(0.06, (0.001, 0.02, 0.003))), "Mean of")[2] == "0.020"


def test_many_pairs_come_from_the_table_that_git_keeps():
    assert row_of(targets(results(0.06, (0, 0, 0))), "200,000")[2] == "**0.0080**"
