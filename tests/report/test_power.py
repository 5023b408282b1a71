"""The tables of power: faults and tests in their order, shares in per cent with their error."""

from types import SimpleNamespace

from inversion.names import FAULTS, TESTS
from inversion.report.power import power_table


def test_rows_are_faults_and_columns_tests_in_their_order():
    entry = {"rate": 0.985, "error_rate": 0.012, "repeats": 200}
    power = {"prior": {"tarp": entry}, "exact": {"tarp": entry, "sbc": entry, "local_there": entry}}
    results = SimpleNamespace(numbers={"power": {"two_moons": power}})
    header, _, first, second = power_table(results, "two_moons", places=False).splitlines()
    assert header == f"| Fault | {TESTS['sbc']} | {TESTS['tarp']} |"
    cell = "98.5 [± 1.2]{.spread}"
    assert first == f"| {FAULTS['exact']} | {cell} | {cell} |"
    assert second == f"| {FAULTS['prior']} | \N{EN DASH} | {cell} |"
    assert TESTS["local_there"] in power_table(results, "two_moons", places=True)
    assert "not made by this grid" in power_table(results, "no_such_task", places=True)
