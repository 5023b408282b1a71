"""What certificates and corrections say of themselves, as rows of scores: alarms, coverage, weights.

Of a certificate, on the pairs that did not set its thresholds: `false_alarms`, `alarms_<fault>`, and the coverage of
the 90 % intervals (over coordinates, the worst) and of the 90 % highest-density region, as the model has them and
repaired; `verdict_<word>_share`, `_region` and `_kl` as `cli.verdicts` has them. Of a correction, for each
observation, `khat` and `ess`; over all, `share_accepted` of them.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from inversion import grid
from inversion.trust.certificate import farthest

COLUMNS = ("task", "method", "budget", "seed", "panel", "observation", "score", "value")
CERTIFICATE = "models/{task}/{method}/{budget}/{seed}.trust.json"
RECORD = "draws/refined/{panel}/{task}/{method}/{budget}/{seed}.json"
WEIGHTS = ("khat", "ess")
ACCEPTED = "share_accepted"
SCORES = {
    "false_alarms", "coverage_before", "coverage_after", "region_before", "region_after", *WEIGHTS, ACCEPTED,
}  # fmt: skip
ALARMS = "alarms_"
VERDICTS = "verdict_"


def trust_rows(cells: grid.Cells, results: Path) -> pd.DataFrame:
    """Of all certificates and corrections of a grid."""
    rows: list[tuple] = []
    for fit in cells.certified:
        record = json.loads((results / grid.address(CERTIFICATE, fit)).read_text())
        rows += [(*fit, grid.HELD_OUT, "all", *row) for row in certificate_scores(record)]
    for draw in cells.drawn("refined"):
        if draw.panel == grid.SBIBM:
            record = json.loads((results / grid.address(RECORD, draw)).read_text())
            names = (draw.task, draw.method, draw.budget, draw.seed, draw.panel)
            rows += [(*names, *row) for row in correction_scores(record)]
    return pd.DataFrame(rows, columns=COLUMNS)


def certificate_scores(record: dict) -> Iterator[tuple[str, float]]:
    """Score and value."""
    yield "false_alarms", record["false_alarms"]
    for fault, share in record["alarms"].items():
        yield ALARMS + fault, share
    for word, rates in record["verdicts"].items():
        for what, value in rates.items():
            yield f"{VERDICTS}{word}_{what}", value
    yield "coverage_before", farthest(record["coverage"])
    yield "coverage_after", farthest(record["coverage_repaired"])
    if "region" in record:
        yield "region_before", record["region"]
        yield "region_after", record["region_repaired"]


def correction_scores(record: dict) -> Iterator[tuple[str, str, float]]:
    """Observation, score and value; nothing of a refinement without weights."""
    numbers = record["numbers"]
    if "khat" not in numbers:
        return
    for score in WEIGHTS:
        for at, value in enumerate(numbers[score]):
            yield str(at), score, float(value)
    yield "all", ACCEPTED, float(numbers["accepted_share"])


def of_trust(scores: pd.Series) -> pd.Series:
    """Which rows are of certificates and corrections."""
    return scores.isin(SCORES) | scores.str.startswith((ALARMS, VERDICTS))
