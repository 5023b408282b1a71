"""What the study wrote, read once for all tables, and how a table is set as Pandoc's pipe table."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from inversion.grid import RESTORATIONS, SBIBM, resolved, trainings_of
from inversion.names import METHODS, TASKS
from inversion.priors import PRIOR
from inversion.report.formats import MINUS, MISSING, format_spread
from inversion.tables import images
from inversion.tables.priors import prior_scores, with_kept
from inversion.tables.published import CELL, ours, seconds
from inversion.tables.trust import of_trust


@dataclass(frozen=True)
class Results:
    """The study's numbers and tables, and the tables that git keeps beside the pages."""

    numbers: dict
    scores: pd.DataFrame
    costs: pd.DataFrame
    breakeven: pd.DataFrame
    benchmark: pd.DataFrame
    published: pd.DataFrame
    speed: pd.DataFrame
    times: pd.DataFrame
    composition: pd.DataFrame
    tuning: pd.DataFrame
    infer_times: pd.DataFrame
    refine: pd.DataFrame
    splitting: pd.DataFrame
    ascent: pd.DataFrame
    writers: pd.DataFrame
    sbibm: pd.DataFrame
    trust: pd.DataFrame
    priors: pd.DataFrame
    images: pd.DataFrame

    @staticmethod
    def read(numbers: dict, scores: Path, costs: Path, breakeven: Path, source: Path) -> "Results":
        """Read the csv files; `source` is the folder of the pages.

        What was scored on sbibm's observations stands in `sbibm`, and what certificates and corrections say of
        themselves in `trust`, what learned priors scored in `priors`, draws as pictures in `images`, the study's
        before what git keeps: none of these is in `scores` or `benchmark`.
        """
        files = (scores, costs, breakeven, source / "benchmark.csv", source / "published_c2st.csv")
        measured = (
            source / "tables" / f"{name}.csv"
            for name in (
                "speed",
                "times",
                "composition",
                "tuning",
                "infer_times",
                "refine",
                "splitting",
                "ascent",
                "writers",
            )
        )
        scored, spent, breakeven, kept, published = map(read_table, files)
        sbibm = ours(scored, kept, seconds(spent, numbers["settings"]))
        trust = pd.concat([table[of_trust(table["score"])] for table in (kept, scored)])
        trust = trust.astype({"budget": int, "observation": str})
        trust = trust.drop_duplicates([*CELL, "panel"], keep="last")
        learned = with_kept(prior_scores(scored, spent), source)
        rests_on = trainings_of(resolved(numbers["settings"]))
        restored = images.with_kept(images.image_scores(scored, spent, rests_on), source)
        scored, kept = (
            table[~table["panel"].isin([SBIBM, PRIOR, *RESTORATIONS]) & ~of_trust(table["score"])]
            for table in (scored, kept)
        )
        return Results(
            numbers,
            scored,
            spent,
            breakeven,
            kept,
            published,
            *map(pd.read_csv, measured),
            sbibm,
            trust,
            learned,
            restored,
        )

    def scores_of(self, task: str) -> pd.DataFrame:
        return self.scores[self.scores["task"] == task]

    def observations_of(self, task: str) -> list[str]:
        """The comparison panel's observations as text, `y = −1`; empty where a table cannot name them."""
        values = self.numbers.get("observations", {}).get(task, [])
        return [f"y = {value:g}".replace("-", MINUS) for value in values]


def read_table(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, dtype={"observation": str, "seed": str})
    if "task" not in table.columns:
        raise ValueError(f"Expected a column `task` in {path}; got {', '.join(table.columns)}.")
    return table


LONGEST = 40  # characters of a column: a longer text is wrapped


def pipe_table(header: list[str], rows: list[list[str]], text_columns: int = 1) -> str:
    """A pipe table whose first columns hold text and the others numbers, set to the right.

    Pandoc takes a long table's column widths from its dashes, so these are as long as the longest text, up to LONGEST.
    """
    if not rows:
        rows = [["not made by this grid", *[MISSING] * (len(header) - 1)]]
    widths = [
        min(LONGEST, max(len(cell.removesuffix("{.spread}")) for cell in column))
        for column in zip(header, *rows)
    ]
    rule = [
        ":" + "-" * width if position < text_columns else "-" * width + ":"
        for position, width in enumerate(widths)
    ]
    lines = [header, rule, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def method_name(method: str) -> str:
    return METHODS.get(method, f"`{method}`")


def task_name(task: str) -> str:
    return TASKS.get(task, f"`{task}`")


def spread_of(scores: pd.DataFrame, score: str) -> str:
    """Mean over the observations of each seed, then mean, smallest and largest over the seeds."""
    chosen = scores[scores["score"] == score]
    whole = chosen[chosen["observation"] == "all"]
    seeds = (whole if len(whole) else chosen).groupby("seed")["value"].mean()
    return format_spread(score, seeds.mean(), seeds.min(), seeds.max()) if len(seeds) else MISSING
