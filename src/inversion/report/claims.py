"""What the sources of the networks claim, each with its published figures, ours, and a verdict."""

from collections.abc import Callable
from typing import NamedTuple

from inversion.report.formats import MISSING, format_number
from inversion.report.results import Results, method_name, pipe_table, task_name


class Claim(NamedTuple):
    """One score of several methods on one task; `holds` judges our values, in the methods' order."""

    what: str
    source: str
    task: str
    score: str
    published: dict[str, float]  # by method
    holds: Callable[..., bool]


CDIFF = "cDiff, independent rerun"
BENCHMARK = "BayesFlow's diffusion benchmark"
CLAIMS = (
    Claim(
        "Diffusion is better calibrated than the affine flow",
        CDIFF, "dirichlet_multinomial", "sbc_ks_mean", {"cdiff": 0.0265, "cnf": 0.126},
        lambda cdiff, cnf: cdiff < cnf,
    ),
    Claim(
        "Diffusion is better calibrated than the affine flow",
        CDIFF, "witch_hat", "sbc_ks_mean", {"cdiff": 0.039, "cnf": 0.198},
        lambda cdiff, cnf: cdiff < cnf,
    ),
    Claim(
        "Diffusion trains faster than the affine flow, by the same number of steps",
        f"{CDIFF}, per epoch", "dirichlet_multinomial", "train_s", {"cdiff": 0.0298, "cnf": 0.2088},
        lambda cdiff, cnf: cdiff < cnf,
    ),
    Claim(
        "Optimal transport that ignores the condition destroys the posterior; conditional transport repairs it",
        BENCHMARK, "two_moons", "c2st",
        {"flow_matching": 0.521, "flow_matching_ot": 0.858, "flow_matching_cot": 0.555},
        lambda plain, blind, conditional: abs(conditional - plain) < 0.5 * (blind - plain),
    ),
    Claim(
        "Predicting the noise is worse than predicting F or a velocity",
        BENCHMARK, "two_moons", "c2st",
        {"diffusion": 0.524, "diffusion_velocity": 0.511, "diffusion_noise": 0.599},
        lambda f, velocity, noise: noise > max(f, velocity),
    ),
    Claim(
        "Consistency in 11 and 15 steps costs at most 0.02 to 0.04 of C2ST",
        BENCHMARK, "two_moons", "c2st",
        {"diffusion": 0.524, "consistency_multistep": 0.521, "consistency_stable_multistep": 0.541},
        lambda diffusion, *consistency: max(consistency) < diffusion + 0.04,
    ),
    Claim(
        "Consistency in 11 and 15 steps draws in a thirtieth of the solver's time",
        BENCHMARK, "two_moons", "sample_s",
        {"diffusion": 15.0, "consistency_multistep": 0.44, "consistency_stable_multistep": 0.65},
        lambda diffusion, *consistency: max(consistency) < diffusion / 20,
    ),
)  # fmt: skip


SCORES = {
    "sbc_ks_mean": "SBC KS, mean",
    "c2st": "C2ST",
    "train_s": "training",
    "sample_s": "10,000 draws",
}


def claims(results: Results) -> str:
    """A line for each method of each claim, as published and as measured here; the claim is told once."""
    rows = []
    for claim in CLAIMS:
        budget, ours = _ours(results, claim)
        measured = all(value is not None for value in ours)
        verdict = ("holds" if claim.holds(*ours) else "does not hold") if measured else MISSING
        told = [task_name(claim.task), f"{claim.what} ({claim.source})", verdict]
        for (method, published), value in zip(claim.published.items(), ours, strict=True):
            figures = (format_number(claim.score, number) for number in (published, value))
            made_of = MISSING if value is None else format_number("budget", budget)
            rows.append([*told, method_name(method), SCORES[claim.score], *figures, made_of])
            told = [""] * len(told)
    header = ["Problem", "Claim", "Verdict", "Method", "Score", "Published", "Here", "Simulations"]
    return pipe_table(header, rows, text_columns=5)


def _ours(results: Results, claim: Claim) -> tuple[int | None, list[float | None]]:
    """The largest budget that git keeps of all methods, and their means over its observations and seeds."""
    table = results.benchmark
    table = table[(table["task"] == claim.task) & (table["score"] == claim.score)]
    methods = {method: table[table["method"] == method] for method in claim.published}
    budgets = [set(rows["budget"]) for rows in methods.values() if len(rows)]
    shared = set.intersection(*budgets) if budgets else set()
    largest = max(shared or set().union(*budgets), default=None)
    of_largest = [rows.loc[rows["budget"] == largest, "value"] for rows in methods.values()]
    return largest, [float(values.mean()) if len(values) else None for values in of_largest]
