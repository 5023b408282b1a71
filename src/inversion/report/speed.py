"""What was asked of the speed, and what `make bench` measured: this study beside the peers."""

import math
from dataclasses import dataclass, field

import pandas as pd

from inversion.report.formats import MISSING
from inversion.report.results import Results, pipe_table

TIMES = "\N{MULTIPLICATION SIGN}"
DIGITS = {"C2ST": "{:.3f}", "nats": "{:.3f}", "MB": "{:,.0f}"}


@dataclass(frozen=True)
class Speed:
    """A row of the table of speed: a quantity of speed.csv, for a peer perhaps under another name."""

    title: str
    what: str
    faster: dict[str, float] = field(default_factory=dict)  # how many times, than each peer
    most: float = math.inf  # of this study's own, in the quantity's unit
    peers: str = ""
    compared: bool = True


PEERS = {"sbi": "sbi", "bayesflow": "BayesFlow", "flowjax": "flowjax"}
OURS = "inversion"
MANY = "draw_many"  # told by how many times `draw` it takes
MOST_OF_ONE = 100.0
BENCH = (
    Speed("Training step, 6 couplings", "step", {"sbi": 15, "bayesflow": 20, "flowjax": 4}, 1.2),
    Speed(
        "in a training of over 10,000 steps",
        "step_long",
        {"sbi": 15, "bayesflow": 20, "flowjax": 4},
        1.2,
        "step",
    ),
    Speed("against flowjax's flow as a chain", "step", {"flowjax": 4}, peers="step_chained"),
    Speed("against flowjax's flow in one scan", "step", peers="step_scanned"),
    Speed("Training step, 12 couplings in pairs", "step_dual", {"bayesflow": 20}),
    Speed("Epoch of 6 couplings, validation and all", "epoch"),
    Speed("Cold start to the target loss", "target", {"sbi": 8, "bayesflow": 8, "flowjax": 3}),
    Speed(
        "the same, ours by averaged weights, the peers without",
        "target_averaged",
        {"sbi": 8, "bayesflow": 8, "flowjax": 3},
        peers="target",
    ),
    Speed("the same, 12 couplings in pairs", "target_dual", {"bayesflow": 8}),
    Speed("Cold start to the last epoch", "whole"),
    Speed("of a cold start, imports", "start", compared=False),
    Speed("of a cold start, building and compiling", "compile", compared=False),
    Speed("Excess NLL of the best epoch", "excess", compared=False),
    Speed("10,000 draws, flow", "draw", most=0.010),
    Speed("10,000 draws for each of 100 observations", MANY),
    Speed("10,000 draws, flow matching", "draw_flow_matching", {"bayesflow": 20}),
    Speed("their C2ST", "c2st_flow_matching", compared=False),
    Speed("10,000 draws, diffusion", "draw_diffusion", {"bayesflow": 20}),
    Speed("their C2ST", "c2st_diffusion", compared=False),
    Speed("Memory at most, training", "peak", compared=False),
    Speed("its growth after a quarter of the epochs", "growth", most=1, compared=False),
    Speed("Memory at most, 100 observations", "draw_many_peak", compared=False),
)
# What could not be made the same, for the flows.
DIFFERS = {
    "sbi": "residual conditioners of one block; a learned linear map after each coupling",
    "bayesflow": "ActNorm; random permutations; ends of the spline learned, affine beyond them",
    "flowjax": "compiles anew in each epoch that brings no gain, to count them",
}


def speed(results: Results) -> str:
    """What `make bench` measured; how often faster than a peer, bold where that, or a bound of our own, is kept."""
    table = results.speed.set_index(["what", "who"])
    rows = []
    for row in BENCH:
        if (row.what, OURS) not in table.index:
            continue
        ours = table.loc[(row.what, OURS)]
        cells = [row.title, _asked(row, ours["unit"]), _own(row, table)]
        for peer in PEERS:
            where = (row.peers or row.what, peer)
            cells.append(
                _peer(row, table, where, ours["median"]) if where in table.index else MISSING
            )
        rows.append(cells)
    if rows:
        rows.append(["Not the same", MISSING, MISSING, *DIFFERS.values()])
        rows.append(_stamps(results.speed))
    return pipe_table(["What", "Asked", "This study", *PEERS.values()], rows, text_columns=2)


def _asked(row: Speed, unit: str) -> str:
    asked = [f"{PEERS[peer]} ≥ {times:g}{TIMES}" for peer, times in row.faster.items()]
    if row.what == MANY:
        asked.append(f"≤ {MOST_OF_ONE:g} times one")
    if math.isfinite(row.most):
        asked.append(f"≤ {row.most:g} {unit}")
    return ", ".join(asked) or MISSING


def _own(row: Speed, table: pd.DataFrame) -> str:
    measured = table.loc[(row.what, OURS)]
    text = _measured(measured)
    if row.what == MANY:
        return _of_one(table, OURS)
    return f"**{text}**" if measured["median"] <= row.most < math.inf else text


def _peer(row: Speed, table: pd.DataFrame, where: tuple[str, str], ours: float) -> str:
    measured, peer = table.loc[where], where[1]
    text = _of_one(table, peer) if row.what == MANY else _measured(measured)
    if not row.compared:
        return text
    if math.isinf(measured["median"]) or math.isinf(ours):
        return text
    times = measured["median"] / ours
    factor = f"{times:.3g}{TIMES}"
    bound = row.faster.get(peer)
    return f"{text}, " + (f"**{factor}**" if bound is not None and times >= bound else factor)


def _of_one(table: pd.DataFrame, who: str) -> str:
    """The time for many observations, and how many times one's."""
    times = table.loc[(MANY, who), "median"] / table.loc[("draw", who), "median"]
    text = f"{_measured(table.loc[(MANY, who)])}, {times:.3g} times one"
    return f"**{text}**" if who == OURS and times <= MOST_OF_ONE else text


def _stamps(table: pd.DataFrame) -> list[str]:
    """When and on what it was measured, and the versions of each."""
    last = table.sort_values("date", kind="stable").drop_duplicates("who", keep="last")
    versions = last.set_index("who")["versions"]
    made = f"{table['date'].max()}, {table['machine'].iloc[-1]}"
    return ["Versions", made, *(versions.get(who, MISSING) for who in (OURS, *PEERS))]


def _measured(row: pd.Series) -> str:
    """`1.2 ms (1.1 to 1.3)`; a C2ST has no unit, and what was never reached no value."""
    if math.isinf(row["median"]):
        return "not reached"
    digits = DIGITS.get(row["unit"], "{:.3g}")
    unit = "" if row["unit"] == "C2ST" else f" {row['unit']}"
    spread = f" ({digits} to {digits})".format(row["low"], row["high"])
    return digits.format(row["median"]) + unit + (spread if row["repetitions"] > 1 else "")
