"""How a number is printed, by the name of its quantity: the only place that decides digits and units."""

import math

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
NOT_FINITE = ("inf", "-inf", "nan")  # as JSON has to write them
COUNTS = (
    "observations",
    "budget",
    "seeds",
    "draws",
    "chains",
    "divergences",
    "epochs",
    "best_epoch",
    "iterations",
    "jobs",
    "parts",
    "parts_found",
    "repeats",
)


def format_number(name: str, value: object) -> str:
    """The text of one value of the quantity `name`, such as `cpu_s` or `c2st`."""
    if isinstance(value, str) and value in NOT_FINITE:
        value = float(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if math.isinf(value):
        return "never" if name == "observations" else _signed("∞", value)
    if name.endswith("rate"):
        return f"{100 * value:.1f} %"
    if name.endswith("_s"):
        return format_seconds(value)
    if name.endswith("_mb"):
        return f"{value:,.0f} MB"
    if name in COUNTS or name.endswith(("_calls", "_draws", "_jobs")):
        return format_count(value)
    if name.endswith("_p") and value < 0.001:
        return "< 0.001"
    if name.startswith(("ess", "rank")):
        return format_count(value)
    return _signed(f"{abs(value):.4f}" if name in FOUR_DIGITS else f"{abs(value):.3f}", value)


FOUR_DIGITS = ("nll", "excess_nll", "validation_min", "mmd")


def format_setting(value: object) -> str:
    """A setting as it was written, not rounded; whole numbers with thousands separators."""
    if value is None:
        return "none"
    if isinstance(value, bool | str):
        return format_number("", value)
    text = f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
    return text.replace("-", MINUS)


def format_count(value: float) -> str:
    """A whole number with thousands separators; a mean count below ten keeps one digit."""
    whole = value >= 10 or value == round(value)
    return f"{value:,.0f}" if whole else f"{value:.1f}"


def format_seconds(value: float) -> str:
    """Three significant digits in the unit that suits: µs, ms, s, min or h."""
    if value == 0:
        return "0 s"
    for limit, scale, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (600.0, 1.0, "s")):
        if value < limit:
            return f"{_three_digits(value * scale)} {unit}"
    return (
        f"{_three_digits(value / 60)} min" if value < 36000 else f"{_three_digits(value / 3600)} h"
    )


def format_spread(name: str, mean: float, low: float, high: float) -> str:
    """A mean over seeds with, set small, its smallest and largest value where they differ from it."""
    text = format_number(name, mean)
    ends = format_number(name, low), format_number(name, high)
    return text if ends == (text, text) else f"{text} [{ends[0]} to {ends[1]}]{{.spread}}"


def _three_digits(value: float) -> str:
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{min(max(digits, 0), 2)}f}"


def _signed(text: str, value: float) -> str:
    return f"{MINUS}{text}" if value < 0 and text.strip("0.") else text
