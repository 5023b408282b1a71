"""The verdicts on what the sources claim follow the numbers."""

from types import SimpleNamespace

import pandas as pd
import pytest

from inversion.report.claims import CLAIMS, claims


def results(**values: float) -> SimpleNamespace:
    rows = [
        ("two_moons", method, 30_000, "0", "comparison", at, "c2st", value)
        for method, value in values.items()
        for at in "012"
    ]
    columns = ["task", "method", "budget", "seed", "panel", "observation", "score", "value"]
    return SimpleNamespace(benchmark=pd.DataFrame(rows, columns=columns))


def verdict(table: str, what: str) -> str:
    line = next(line for line in table.splitlines() if what in line)
    return line.strip("| ").split(" | ")[2].strip()


@pytest.mark.parametrize(
    ("plain", "blind", "conditional", "said"),
    [(0.55, 0.85, 0.57, "holds"), (0.55, 0.56, 0.57, "does not hold"), (0.55, 0.8, 0.8, "does not hold")],
)  # fmt: skip
def test_transport(plain, blind, conditional, said):
    table = claims(
        results(flow_matching=plain, flow_matching_ot=blind, flow_matching_cot=conditional)
    )
    assert verdict(table, "Optimal transport") == said


def test_nothing_is_said_of_what_was_not_measured():
    table = claims(results(flow_matching=0.5))
    assert "holds" not in table.replace("does not hold", "holds")
    assert len(table.splitlines()) == 2 + sum(len(claim.published) for claim in CLAIMS)


def test_the_largest_budget_counts():
    kept = results(diffusion=0.52, diffusion_velocity=0.53, diffusion_noise=0.60)
    smaller = results(diffusion=0.70, diffusion_velocity=0.53, diffusion_noise=0.60)
    smaller = smaller.benchmark.assign(budget=1000)
    kept.benchmark = pd.concat([smaller, kept.benchmark])
    assert verdict(claims(kept), "Predicting the noise") == "holds"


def test_methods_are_compared_at_a_budget_that_all_have():
    kept = results(diffusion=0.70, diffusion_velocity=0.53, diffusion_noise=0.60)
    more = results(diffusion=0.50).benchmark.assign(budget=100_000)
    kept.benchmark = pd.concat([kept.benchmark, more])
    table = claims(kept)
    assert verdict(table, "Predicting the noise") == "does not hold"
    assert "0.700" in table
    assert "0.500" not in table.split("Consistency")[0]
