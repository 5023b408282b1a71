"""Take pairs from a dataset's file: the panels' observations are held back, and no pair of them is trained on."""

import argparse
from pathlib import Path
from typing import Any

from inversion.cli.common import add_cell, configure_jax, read_cell, write_costs, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--file", required=True, type=Path)
    parser.add_argument("--out", required=True)
    parser.add_argument("--record", required=True, help="how many pairs of the file are whole")
    parser.add_argument("--cost", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "root_seed", "task", "task_entry", "held_back")
    configure_jax(double=True)
    import numpy as np

    from inversion.cli.gather import counted, told
    from inversion.cli.pairs import read_pairs
    from inversion.cli.simulate import given
    from inversion.cost import Cost, Ledger
    from inversion.records import Simulations, lengths, whole
    from inversion.tasks import make_task

    task, panel = make_task(cell["task_entry"]), cell.get("panel", "")
    asked = cell.get("observations", cell.get("budget"))
    num = asked if isinstance(asked, int) else len(asked)
    row = Cost(cell["task"], "", 0 if panel else num, cell.get("seed", 0), "simulate", panel, num)
    ledger = Ledger()
    with ledger.entry(row):
        theta, y = read_pairs(arguments.file, task)
        good = whole(y) & np.isfinite(theta).all(axis=1)
        check_support(task, theta, good)
        record = counted(len(y), int(good.sum()), {"not_finite": int((~good).sum())})
        if isinstance(asked, int):
            rows = good.nonzero()[0][taken(cell, int(good.sum()))]
            y = y[rows]
            pairs = Simulations(theta[rows], y, lengths(y) if np.isnan(y).any() else None)
        else:
            pairs = given(task, asked)
    pairs.save(arguments.out)
    write_json(arguments.record, record)
    write_costs(arguments.cost, ledger.as_rows())
    if record["kept"] < record["asked"]:
        print(f"{cell['task']} {arguments.file}: {told(record)}")


def check_support(task: Any, theta, good) -> None:
    """Refuse a theta outside the bounds that the settings give."""
    import numpy as np

    inside = np.ones(len(theta), bool)
    for column, (low, high) in zip(theta.T, task.bounds, strict=True):
        inside &= (column >= (-np.inf if low is None else np.float32(low))) & (
            column <= (np.inf if high is None else np.float32(high))
        )
    outside = np.flatnonzero(good & ~inside)
    if len(outside):
        raise ValueError(
            f"Expected theta inside its support; got {theta[outside[0]].tolist()} in pair {outside[0]}, "
            f"one of {len(outside)} outside."
        )


def taken(cell: dict, num: int):
    """Which of `num` whole pairs this job takes: a panel its share of them, a training others for each seed."""
    import jax
    import numpy as np

    from inversion.keys import key_for

    def shuffled(numbers, *names):
        key = jax.random.key_data(key_for(cell["root_seed"], "take", cell["task"], *names))
        return np.random.default_rng(np.asarray(key).tolist()).permutation(numbers)

    held_back, order = cell["held_back"], shuffled(np.arange(num))
    starts = dict(zip(held_back, np.cumsum([0, *held_back.values()]).tolist()))
    left = num - sum(held_back.values())
    asked = cell.get("budget", 1)
    if left < asked:
        panels = ", ".join(f"{count} for {panel}" for panel, count in held_back.items())
        raise ValueError(
            f"Expected {asked} pairs to train on, beside those held back ({panels}); got {max(left, 0)} of {num}."
        )
    if "panel" in cell:
        start = starts[cell["panel"]]
        return order[start : start + held_back[cell["panel"]]]
    return shuffled(order[num - left :], cell["seed"])[:asked]
