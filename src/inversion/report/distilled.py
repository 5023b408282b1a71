"""Posteriors distilled from a diffusion prior, and samplers on it, on problems where all of it is known."""

from inversion.names import in_order
from inversion.report.formats import format_number
from inversion.report.results import Results, method_name, pipe_table

TASK = "two_moons_line"
EACH = "each"  # of a problem's observations, on average
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
OF_ALL = {
    "excess_nll": "Excess NLL", "tarp_p": "TARP p", "train_s": "Training, CPU", "sample_s": "Draws, CPU",
}  # fmt: skip


def distilled(results: Results, task: str = TASK) -> str:
    """C2ST and the distance of the parts' masses; a row for each method that git keeps.

    At every observation where these have names, else the mean over them.
    """
    named = enumerate(results.observations_of(task))
    observations = [(str(at), f", {y}") for at, y in named] or [(EACH, "")]
    places = [
        (score, at, f"{title}{y}")
        for score, title in (("c2st", "C2ST"), (DISTANCE, "TV"))
        for at, y in observations
    ]
    places += [(score, "all", title) for score, title in OF_ALL.items()]
    table = results.benchmark[results.benchmark["task"] == task]
    rows = []
    for method in in_order(set(METHODS) & set(table["method"])):
        values = (value_of(results, method, score, at, task) for score, at, _ in places)
        told = (format_number(score, value) for (score, _, _), value in zip(places, values))
        rows.append([method_name(method), *told])
    return pipe_table(["Method", *(title for _, _, title in places)], rows)


def value_of(
    results: Results, method: str, score: str, observation: str, task: str = TASK
) -> float | None:
    """The mean over seeds, and over the observations for `EACH`, at the largest budget that git keeps."""
    table = results.benchmark
    rows = table[(table["task"] == task) & (table["method"] == method) & (table["score"] == score)]
    at = rows["observation"].astype(str)
    rows = rows[at != "all"] if observation == EACH else rows[at == observation]
    rows = rows[rows["budget"] == rows["budget"].max()]
    return float(rows["value"].mean()) if len(rows) else None
