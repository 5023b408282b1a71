"""The table of cDiff's simulators: every one has a row, and what chance would do is bold."""

from types import SimpleNamespace

import pandas as pd

from inversion.names import TASKS
from inversion.report.formats import MISSING
from inversion.report.simulators import DISTANCES, SIMULATORS, simulators

POINTS = [f"{name}_95" for name in DISTANCES]
CELL = ["task", "method", "budget", "score", "value"]


def results():
    rows = [
        ("cos", "flow", 30000, "validation_loss", 1.0), ("cos", "autoregressive", 30000, "validation_loss", 0.5),
        *(
            ("cos", method, 30000, score, value)
            for method, mean in (("flow", 0.032), ("autoregressive", 0.05), ("cdiff", 0.033))
            for score, value in (
                ("sbc_ks_mean", mean), ("sbc_ks_mean_95", 0.0355), ("sbc_ks", 0.05), ("sbc_ks_95", 0.045),
                ("upfront_s", 61.0), ("c2st", 0.9),
            )
        ),
    ]  # fmt: skip
    rows.append(("socks", "flow", 30000, "sbc_ks", 0.03))  # kept before there were points
    return SimpleNamespace(benchmark=pd.DataFrame(rows, columns=CELL))


def test_the_least_loss_stands_first_and_what_chance_would_do_is_bold():
    lines = simulators(results()).splitlines()[2:]
    found = [line.split(" | ")[1] for line in lines if TASKS["cos"] in line]
    assert found == ["autoregressive flow", "flow", "cDiff"]
    assert [line.count("**") // 2 for line in lines[:3]] == [0, 1, 1]
    assert "**0.032** | 0.035" in lines[1]


def test_the_exact_posterior_is_trained_on_nothing():
    made = results()
    rows = [("cos", "exact", 0, score, 0.03) for score in ("validation_loss", *DISTANCES, *POINTS)]
    made.benchmark = pd.concat([made.benchmark, pd.DataFrame(rows, columns=CELL)])
    first = simulators(made).splitlines()[2]
    assert first.startswith(f"| {TASKS['cos']} | exact | {MISSING} | 0.030 | **0.030** |")
    assert first.endswith(f"| {MISSING} |")


def test_every_simulator_has_a_row():
    lines = simulators(results()).splitlines()[2:]
    assert len(lines) == 2 + len(SIMULATORS) == 17
    for task in SIMULATORS:
        assert any(line.startswith(f"| {TASKS[task]} |") for line in lines), task
    assert "**" not in next(line for line in lines if TASKS["socks"] in line)
