"""The table of compositions: bold where the variance is within a tenth of the exact one, and not beyond."""

from types import SimpleNamespace

import pandas as pd

from inversion.report.composition import composition


def test_bold_is_what_was_asked() -> None:
    rows = [("jacobian", 1, 1.09), ("jacobian", 10, 0.89), ("sum", 10, 2.0)]
    measured = pd.DataFrame(rows, columns=["form", "observations", "variance_ratio"])
    table = composition(
        SimpleNamespace(composition=measured.assign(low=0.5, high=2.5, mean_error=0.31))
    )
    assert table.count("**") == 2
    assert "**1.090**" in table
    assert "0.500 to 2.500" in table
    assert "corrected by Jacobians" in table
    assert "plain sum of scores" in table


def test_a_table_not_yet_measured_says_so() -> None:
    columns = ["form", "observations", "variance_ratio", "low", "high", "mean_error"]
    empty = SimpleNamespace(composition=pd.DataFrame(columns=columns))
    assert "not made by this grid" in composition(empty)
