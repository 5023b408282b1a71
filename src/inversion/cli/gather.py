"""Put the chunks of a black-box simulator together: the pairs that came out whole, and a count of the others."""

import argparse

from inversion.cli.chunk import LOST, Chunk, check_lost
from inversion.cli.common import add_cell, configure_jax, read_cell, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--chunks", required=True, nargs="*", help="in their order")
    parser.add_argument("--out", required=True)
    parser.add_argument("--record", required=True, help="how many pairs were lost, and why")


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "task", "task_entry")
    configure_jax(double=True)
    import numpy as np

    from inversion.cli.simulate import given
    from inversion.records import Simulations
    from inversion.tasks import make_task

    task, asked = make_task(cell["task_entry"]), cell.get("observations", cell.get("budget"))
    if not isinstance(asked, int):
        given(task, asked).save(arguments.out)
        write_json(arguments.record, counted(len(asked), len(asked), dict.fromkeys(LOST, 0)))
        return
    chunks = [Chunk.load(path) for path in arguments.chunks]
    theta, y, lost = (
        np.concatenate([getattr(chunk, name)[axis] for chunk in chunks])
        for name, axis in (("theta", slice(None)), ("y", slice(None)), ("lost", None))
    )
    reasons = {name: int(count) for name, count in zip(LOST, lost.sum(axis=0), strict=True)}
    if len(theta) + sum(reasons.values()) != asked:
        raise ValueError(f"Expected the chunks of {asked} pairs; got {len(theta)} and {reasons}.")
    record = counted(asked, len(theta), reasons)
    check_lost(asked - len(theta), asked, task.most_lost, "see the logs of the chunks.")
    if len(theta) == 0:
        raise ValueError(f"Expected a pair that came out whole; got none of {asked}.")
    Simulations(theta, y).save(arguments.out)
    write_json(arguments.record, record)
    if len(theta) < asked:
        print(f"{cell['task']} {cell['pairs']}: {told(record)}")


def counted(asked: int, kept: int, lost: dict[str, int]) -> dict:
    """The record that lies beside the pairs."""
    return {"asked": asked, "kept": kept, "lost": lost}


def told(record: dict) -> str:
    """The record as a sentence."""
    why = ", ".join(f"{count} {name}" for name, count in record["lost"].items() if count)
    return f"{record['kept']} of {record['asked']} pairs are whole; left out: {why or 'none'}."
