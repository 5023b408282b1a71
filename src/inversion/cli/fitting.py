"""What `train` and `distil` share: a bar while the loop runs, and the files it leaves."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from inversion.cli.common import write_costs


def add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True)
    parser.add_argument("--history", required=True)
    parser.add_argument("--cost", required=True)


@contextmanager
def bar_of(names: Sequence[Any], epochs: int) -> Iterator[Callable[[int, float], None]]:
    """What `fit` reports to: the epochs done, and the last validation loss."""
    from tqdm import tqdm

    with tqdm(total=epochs, desc="/".join(map(str, names)), unit="epoch", disable=None) as bar:

        def report(epochs: int, validation: float) -> None:
            bar.set_postfix(validation=f"{validation:.4f}")
            bar.update(epochs - bar.n)

        yield report


def write_fit(
    arguments: argparse.Namespace,
    cell: Mapping[str, Any],
    result: Any,
    model: Any,
    ledger: Any,
    *,
    offset: float = 0.0,
    **more: Any,
) -> None:
    """The model with what made it and `more` in its header; the losses, each plus `offset`; the cost."""
    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from inversion.estimators.trained import save_model
    from inversion.records import write_atomic

    entry = cell["entry"]
    if result.stopped == "diverged":
        name = "/".join(str(cell[key]) for key in ("task", "method", "budget", "seed"))
        tqdm.write(f"{name}: the training diverged; its best model before is kept")
    header = {
        "task": cell["task_entry"],
        "task_name": cell["task"],
        "kind": entry["kind"],
        "network": entry.get("network", {}),
        "summary": entry.get("summary"),
        **more,
        "stopped": result.stopped,
    }
    history = pd.DataFrame(
        {
            "epoch": np.arange(1, len(result.train) + 1),
            "train": result.train + offset,
            "validation": result.validation + offset,
        }
    )
    write_atomic(arguments.history, lambda path: history.to_csv(path, index=False, na_rep="nan"))
    write_costs(arguments.cost, ledger.as_rows())
    save_model(arguments.out, model, header)
