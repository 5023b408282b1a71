"""Add up what the chunks of a black-box simulator cost."""

import argparse

from inversion.cli.common import add_cell, read_cell, write_costs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--chunks", required=True, nargs="*", help="the ledger of each")
    parser.add_argument("--cost", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "task", "pairs")
    import dataclasses

    import pandas as pd

    from inversion.cost import Cost

    panel, asked = cell.get("panel", ""), cell.get("observations", cell.get("budget"))
    num = asked if isinstance(asked, int) else len(asked)
    row = Cost(cell["task"], "", 0 if panel else num, cell.get("seed", 0), "simulate", panel, num)
    if arguments.chunks:
        table = pd.concat([pd.read_csv(path) for path in arguments.chunks])
        spent = ["compile_s", "cpu_s", "wall_s", "simulator_calls"]
        row = dataclasses.replace(
            row, **table[spent].sum().to_dict(), peak_mb=table["peak_mb"].max()
        )
        row = dataclasses.replace(row, simulator_calls=int(row.simulator_calls))
    write_costs(arguments.cost, [dataclasses.asdict(row)])
