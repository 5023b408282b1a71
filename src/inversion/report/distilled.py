"""Posteriors distilled from a diffusion prior, and samplers on it, on two moons, where all of it is known."""

from inversion.names import in_order
from inversion.report.formats import format_number
from inversion.report.results import Results, method_name, pipe_table

TASK = "two_moons_line"
METHODS = (
    "aps",
    "aps_known",
    "aps_exact",
    "aps_original",
    "dps",
    "pigdm",
    "diffpir",
    "annealed_langevin",
)
ONE_PASS, ASKED = {"aps_known": "known prior", "aps": "learned prior"}, 0.10
DISTANCE = "mode_tv"
OF_ALL = {"excess_nll": "Excess NLL", "train_s": "Training, CPU", "sample_s": "Draws, CPU"}  # fmt: skip


def distilled(results: Results) -> str:
    """C2ST and the distance of the segments' masses at every observation; a row for each method that git keeps."""
    observations = results.observations_of(TASK)
    places = [
        (score, str(at), f"{title}, {y}")
        for score, title in (("c2st", "C2ST"), (DISTANCE, "TV"))
        for at, y in enumerate(observations)
    ]
    places += [(score, "all", title) for score, title in OF_ALL.items()]
    rows = []
    for method in in_order(set(METHODS) & set(results.benchmark["method"])):
        values = (value_of(results, method, score, at) for score, at, _ in places)
        told = (format_number(score, value) for (score, _, _), value in zip(places, values))
        rows.append([method_name(method), *told])
    return pipe_table(["Method", *(title for _, _, title in places)], rows)


def value_of(results: Results, method: str, score: str, observation: str) -> float | None:
    """The mean over seeds at the largest budget that git keeps."""
    table = results.benchmark
    rows = table[
        (table["task"] == TASK)
        & (table["method"] == method)
        & (table["score"] == score)
        & (table["observation"].astype(str) == observation)
    ]
    rows = rows[rows["budget"] == rows["budget"].max()]
    return float(rows["value"].mean()) if len(rows) else None
