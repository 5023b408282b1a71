"""The tables of the page on many machines, from numbers.json: what each grid costs and how long it lasts."""

from inversion.names import METHODS, in_order
from inversion.report.formats import MISSING, format_number
from inversion.report.results import Results, method_name, pipe_table, task_name

ORIGINS = {
    "measured": "this very job",
    "scaled": "the method on this problem, at another budget or seed",
    "other_problem": "the method on other problems",
    "other_method": "other methods",
    "none": "nothing: the ledger has no row of the kind",
}


def grids(results: Results) -> str:
    """A row for each grid of the settings: jobs, seconds, the longest chain, and 1,000 cores."""
    rows = []
    for name, entry in _scale(results).get("grids", {}).items():
        chain = entry["chain"]
        place = f"{method_name(chain['method'])}, {task_name(chain['task'])}"
        rows.append(
            [
                f"`{name}`", place, format_number("jobs", entry["jobs"]),
                format_number("jobs", entry["score_jobs"]), format_number("cpu_s", entry["cpu_s"]),
                format_number("chain_s", entry["chain_s"]), format_number("high_s", entry["cores"]["1000"]["high_s"]),
            ]
        )  # fmt: skip
    header = ["Grid", "Its longest chain", "Jobs", "Scoring jobs", "CPU", "Chain", "1,000 cores"]
    return pipe_table(header, rows, text_columns=2)


def methods(results: Results) -> str:
    """The grid with the most work, by method; what is simulated belongs to no method."""
    entries = _scale(results).get("methods", {})
    rows = [
        ["simulating" if name == "simulator" else method_name(name)]
        + [
            _known(column, entries[name][column])
            for column in ("jobs", "measured_jobs", "cpu_s", "longest_job_s")
        ]
        for name in in_order(list(entries), METHODS)
    ]
    return pipe_table(["Method", "Jobs", "Measured", "CPU", "Longest job"], rows)


def origins(results: Results) -> str:
    """What the estimates of the grid with the most work rest on."""
    entries = _scale(results).get("largest", {}).get("origins", {})
    rows = [
        [
            title,
            format_number("jobs", entries[name]["jobs"]),
            _known("cpu_s", entries[name]["cpu_s"]),
        ]
        for name, title in ORIGINS.items()
        if name in entries
    ]
    return pipe_table(["Estimated from", "Jobs", "CPU"], rows)


def cores(results: Results) -> str:
    """How long the grid with the most work lasts on many cores: at least, and at most."""
    entries = _scale(results).get("largest", {}).get("cores", {})
    rows = [
        [f"{int(number):,}", *(format_number(bound, entry[bound]) for bound in ("low_s", "high_s"))]
        for number, entry in sorted(entries.items(), key=lambda item: int(item[0]))
    ]
    return pipe_table(["Cores", "At least", "At most"], rows, text_columns=0)


def peaks(results: Results) -> str:
    """The most that a job of each verb held and took, of those that have run."""
    worst = results.costs.assign(busy_s=results.costs["compile_s"] + results.costs["cpu_s"])
    worst = worst.groupby("verb")[["peak_mb", "busy_s"]].max()
    order = {verb: verb for verb in ("simulate", "train", "sample", "refine", "reference")}
    rows = [
        [verb, *(format_number(name, float(worst.loc[verb, name])) for name in worst)]
        for verb in in_order(list(worst.index), order)
    ]
    return pipe_table(["Verb", "Memory", "CPU"], rows)


def _known(name: str, value: float) -> str:
    """A number, with a dash for seconds of which nothing is known."""
    return format_number(name, value) if value or not name.endswith("_s") else MISSING


def _scale(results: Results) -> dict:
    return results.numbers.get("scale", {})


SCALE = {f"scale_{table.__name__}": table for table in (grids, methods, origins, cores, peaks)}
