"""Draw one figure of what the study made."""

import argparse
import importlib
from pathlib import Path

from inversion.cli.common import add_cell, read_cell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the figure, such as headline")
    add_cell(parser)
    parser.add_argument("--results", required=True, type=Path, help="folder that the study made")
    parser.add_argument(
        "--report", type=Path, help="folder of the tables that git keeps (default: none are shown)"
    )
    parser.add_argument("--out", required=True, type=Path, help="an svg file, or png")


def run(arguments: argparse.Namespace) -> None:
    params = read_cell(arguments.cell, "params")["params"]
    from inversion.figures import FIGURES

    if arguments.name not in FIGURES:
        raise ValueError(f"Expected a figure among {', '.join(FIGURES)}; got {arguments.name!r}.")
    kind = arguments.out.suffix.removeprefix(".")
    if kind not in ("svg", "png"):
        raise ValueError(f"Expected --out to end in .svg or .png; got {arguments.out}.")
    module, function = FIGURES[arguments.name].split(":")

    from inversion.figures.study import Study
    from inversion.figures.style import draw_to
    from inversion.records import write_atomic

    draw = getattr(importlib.import_module(module), function)
    study = Study(arguments.results, params, arguments.report)
    write_atomic(arguments.out, lambda file: draw_to(file, lambda: draw(study), kind))
