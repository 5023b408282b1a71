"""How numbers are printed."""

import math

import pytest

from inversion.report.formats import format_number, format_setting, format_spread
from inversion.report.results import pipe_table


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("c2st", 0.5, "0.500"),
        ("nll", -0.93281, "\N{MINUS SIGN}0.9328"),
        ("consistency_mean", -0.0001, "0.000"),
        ("sbc_p", 0.0002, "< 0.001"),
        ("sbc_p", 0.25, "0.250"),
        ("cpu_s", 0.00314, "3.14 ms"),
        ("cpu_s", 0.00000314, "3.14 µs"),
        ("upfront_cpu_s", 41.27, "41.3 s"),
        ("wall_s", 3600.0, "60.0 min"),
        ("wall_s", 45000.0, "12.5 h"),
        ("score_jobs", 1234, "1,234"),
        ("cpu_s", 0.0, "0 s"),
        ("simulator_calls", 300000.0, "300,000"),
        ("simulator_calls", 1.5, "1.5"),
        ("observations", math.inf, "never"),
        ("observations", "inf", "never"),
        ("observations", 12.0, "12"),
        ("peak_mb", 1234.4, "1,234 MB"),
        ("c2st", math.nan, "\N{EN DASH}"),
        ("rhat", None, "\N{EN DASH}"),
        ("accepted", True, "yes"),
        ("grid", "study", "study"),
    ],
)
def test_a_number_is_printed_by_the_name_of_its_quantity(name, value, text):
    assert format_number(name, value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(-0.8465, "\N{MINUS SIGN}0.8465"), (0.06, "0.06"), (6000, "6,000")]
)
def test_a_setting_is_printed_as_written(value, text):
    assert format_setting(value) == text


def test_a_spread_shows_its_ends_only_where_they_differ():
    assert format_spread("c2st", 0.5, 0.5, 0.5) == "0.500"
    assert format_spread("c2st", 0.5, 0.4, 0.6) == "0.500 [0.400 to 0.600]{.spread}"


def test_a_table_without_rows_says_so():
    assert "not made by this grid" in pipe_table(["Method", "C2ST"], [])
