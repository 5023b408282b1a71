"""The table of posteriors distilled on two moons, from rows that git keeps."""

from types import SimpleNamespace

import pandas as pd

from inversion.report.distilled import EACH, TASK, distilled, value_of
from inversion.report.images import images_targets
from inversion.tables.images import COLUMNS


def results(*rows: tuple) -> SimpleNamespace:
    """Of method, budget, seed, observation, score and value."""
    columns = ["task", "method", "budget", "seed", "observation", "score", "value"]
    kept = pd.DataFrame([(TASK, *row) for row in rows], columns=columns)
    return SimpleNamespace(
        benchmark=kept,
        images=pd.DataFrame(columns=COLUMNS),
        observations_of=lambda task: ["-1", "0", "1"],
    )


def test_a_method_without_rows_has_none() -> None:
    told = distilled(
        results(("aps", 10, 0, "1", "mode_tv", 0.08), ("flow", 10, 0, "1", "c2st", 0.6))
    )
    assert "APS" in told
    assert "known" not in told
    assert "Flow" not in told


def test_the_largest_budget_counts_and_seeds_are_averaged() -> None:
    rows = [("aps", 10, 0, "1", "mode_tv", 0.5)]
    rows += [("aps", 20, seed, "1", "mode_tv", 0.1 + 0.1 * seed) for seed in (0, 1)]
    assert abs(value_of(results(*rows), "aps", "mode_tv", "1") - 0.15) < 1e-9
    assert value_of(results(*rows), "aps", "mode_tv", "0") is None


def test_observations_without_names_are_averaged() -> None:
    rows = [("aps", 10, 0, str(at), "mode_tv", 0.1 * at) for at in range(3)]
    kept = results(*rows, ("aps", 10, 0, "all", "mode_tv", 5.0))
    assert abs(value_of(kept, "aps", "mode_tv", EACH) - 0.1) < 1e-9
    kept.observations_of = lambda task: []
    header, *_, row = distilled(kept).splitlines()
    assert "TV " in header
    assert "0.100" in row


def test_what_was_asked_at_the_middle_stands_among_the_targets() -> None:
    told = images_targets(results(("aps", 10, 0, "1", "mode_tv", 0.08)))
    assert "total variation" in told
    assert "≤ 0.10" in told
    assert "total variation" not in images_targets(results(("aps", 10, 0, "0", "mode_tv", 0.08)))
