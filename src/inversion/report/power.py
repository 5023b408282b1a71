"""How often each test rejects each planted fault."""

from collections.abc import Callable

from inversion.names import FAULTS, TESTS, in_order
from inversion.report.formats import MISSING
from inversion.report.results import Results, pipe_table

PLACES = ("local_there", "local_elsewhere", "check_there", "check_elsewhere")


def power_table(results: Results, task: str, places: bool) -> str:
    """A row for each fault, a column for each test, of the panel or at one observation: per cent, and its error."""
    faults = results.numbers.get("power", {}).get(task, {})
    made = {test for entry in faults.values() for test in entry if (test in PLACES) == places}
    tests = in_order(made, TESTS)
    rows = [
        [FAULTS.get(fault, fault), *(_cell(faults[fault].get(test)) for test in tests)]
        for fault in in_order(list(faults), FAULTS)
    ]
    return pipe_table(["Fault", *(TESTS.get(test, test) for test in tests)], rows)


def _cell(entry: dict | None) -> str:
    if entry is None:
        return MISSING
    return f"{100 * entry['rate']:.1f} [± {100 * entry['error_rate']:.1f}]{{.spread}}"


def _of(task: str, places: bool) -> Callable[[Results], str]:
    return lambda results: power_table(results, task, places)


POWER = {
    f"power_{task}_{name}": _of(task, places)
    for task in ("gaussian_linear_5", "two_moons")
    for name, places in (("panel", False), ("places", True))
}
