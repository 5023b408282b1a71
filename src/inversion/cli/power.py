"""How often each diagnostic rejects each fault that is planted in a task's exact posteriors."""

import argparse
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from inversion.cli.common import add_cell, configure_jax, read_cell, write_table

TRIES = 2  # panels to simulate, at most, for each that is asked for
COLUMNS = ("task", "fault", "test", "repeats", "rejected")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--out", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "root_seed", "task", "task_entry", "faults", "power")
    configure_jax(double=False)

    from inversion.diagnostics.tests import TESTS, together
    from inversion.grid import by_task

    rows = []
    for fault in cell["power"]["faults"]:
        entry = cell["faults"][fault]
        asked = by_task(cell["power"]["repeats"], fault)
        repeats = {test: by_task(asked, test) for test in TESTS}
        made, rejected = Counter[str](), Counter[str]()
        for repeat, panel in enumerate(panels(cell, fault, entry, max(repeats.values()))):
            p: dict[str, float] = {}
            for test in (test for test in TESTS if repeat < repeats[test]):
                p |= TESTS[test](panel, repeat, cell["power"]["nulls"])
            p |= together(p)
            made.update(p.keys())
            rejected.update(test for test, value in p.items() if value <= cell["power"]["level"])
        rows += [(cell["task"], fault, test, made[test], rejected[test]) for test in made]
    write_table(arguments.out, [dict(zip(COLUMNS, row, strict=True)) for row in rows], COLUMNS)


def panels(cell: Mapping[str, Any], name: str, entry: Mapping[str, Any], num: int) -> Iterator[Any]:
    """Panels of one fault, each with a key of its own.

    Where an exact posterior cannot be drawn from, for a y at the end of what theta explains, the panel is left out:
    that hangs on y alone, and changes nothing for the tests.
    """
    import jax
    import numpy as np

    from inversion.diagnostics.tests import PLACES
    from inversion.faults import FAULTS
    from inversion.faults.fault import Panel
    from inversion.keys import key_for
    from inversion.registry import build
    from inversion.tasks import make_task

    power = cell["power"]
    task, fault = make_task(cell["task_entry"]), build(FAULTS, entry)
    at = np.array([power["at"][place] for place in PLACES], np.float32)
    key = key_for(cell["root_seed"], "power", cell["task"], name)
    drawn = (
        Panel(
            jax.random.fold_in(key, count),
            task,
            fault,
            at,
            observations=power["observations"],
            draws=power["draws"],
            predictions=power["predictions"],
        )
        for count in range(TRIES * num)
    )
    whole = (panel for panel in drawn if np.isfinite(panel.theta).all())
    yield from itertools.islice(whole, num)
