"""The table of settings: the lowest mean over seeds is bold, once for a task and budget."""

from types import SimpleNamespace

import pandas as pd

from inversion.report.tuning import tuning

COLUMNS = ["task", "budget", "seed", "setting", "validation_loss", "cpu_s"]


def test_bold_is_the_lowest_mean() -> None:
    rows = [
        ("slcp", 1000, 10, "wide", 3.0, 10.0), ("slcp", 1000, 11, "wide", 5.0, 30.0),
        ("slcp", 1000, 10, "narrow", 3.9, 4.0), ("slcp", 10000, 10, "wide", 2.5, 50.0),
        ("two_moons", 1000, 10, "wide", -3.25, 7.0),
    ]  # fmt: skip
    table = tuning(SimpleNamespace(tuning=pd.DataFrame(rows, columns=COLUMNS)))
    assert table.count("**") == 6
    for bold in ("**3.900**", "**2.500**", "**\N{MINUS SIGN}3.250**"):
        assert bold in table
    assert "| 4.000 |" in table
    assert table.index("two moons") < table.index("SLCP")
    assert table.index("`narrow`") < table.index("`wide`", table.index("SLCP"))


def test_a_table_not_yet_made_says_so() -> None:
    empty = SimpleNamespace(tuning=pd.DataFrame(columns=COLUMNS))
    assert "not made by this grid" in tuning(empty)
