"""`inversion report`: write what the pages quote, and render them."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from inversion.report.render import WRITTEN, render
from inversion.report.results import Results
from inversion.report.tables import TABLES
from inversion.report.variables import (
    fill_missing,
    format_numbers,
    read_numbers,
    spell_defaults,
    used_figures,
    used_variables,
    write_variables,
)

PLACEHOLDER = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 120" width="600" height="120">
<rect x=".5" y=".5" width="599" height="119" fill="#f6f8fa" stroke="#dfe3e8"/>
<text x="300" y="65" text-anchor="middle" font-family="sans-serif" font-size="15" fill="#5b6670">\
The grid that was run makes no {name} figure.</text></svg>
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", type=Path, default=Path("report"), help="folder of the pages")
    parser.add_argument(
        "--results", type=Path, help="folder of the results (default: beside the pages)"
    )
    for name in ("numbers.json", "scores.csv", "costs.csv", "breakeven.csv", "figures"):
        parser.add_argument(
            f"--{Path(name).stem}", type=Path, help=f"default: {name} of the results"
        )
    parser.add_argument("--params", type=Path, help="default: params.yaml beside the pages' folder")
    parser.add_argument("--out", type=Path, help="default: _site of the pages")
    parser.add_argument(
        "--no-render", action="store_true", help="write variables, tables and figures only"
    )
    parser.add_argument(
        "--partial", action="store_true",
        help="put a dash or an empty frame for what the grid did not make, where it is an error otherwise",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    source = arguments.source
    if not (source / "_quarto.yml").is_file():
        raise FileNotFoundError(f"Expected the folder of the report's pages; got {source}.")
    if not (arguments.no_render and os.environ.get(WRITTEN)):
        write_quotes(arguments)
    if arguments.no_render:
        return
    out = arguments.out or source / "_site"
    if render(source, out) == "pandoc":
        print(
            "Rendered without Quarto; with Quarto installed (quarto.org) this gives the full page.",
            file=sys.stderr,
        )
    print(out / "index.html")


def write_quotes(arguments: argparse.Namespace) -> None:
    """`_variables.yml`, `_generated/*.md` and the figures' copies, beside the pages."""
    source, results = arguments.source, arguments.results or arguments.source / ".." / "results"
    paths = {
        Path(name).stem: getattr(arguments, Path(name).stem) or results / name
        for name in ("numbers.json", "scores.csv", "costs.csv", "breakeven.csv", "figures")
    }
    for path in paths.values():
        if not path.exists():
            raise FileNotFoundError(f"Expected {path}, which the study writes; got none.")
    numbers = read_numbers(
        paths["numbers"], source, arguments.params or source / ".." / "params.yaml"
    )
    variables = format_numbers(numbers)
    names = used_variables(source)
    spell_defaults(variables, names)
    missing = fill_missing(variables, names)
    if missing and not arguments.partial:
        raise ValueError(
            f"Expected {paths['numbers']} to hold every number of the pages; got no {', '.join(missing)}."
        )
    tables = Results.read(numbers, paths["scores"], paths["costs"], paths["breakeven"], source)
    texts = {name: table(tables) for name, table in TABLES.items()}
    generated = source / "_generated"
    shutil.rmtree(generated, ignore_errors=True)
    copy_figures(source, paths["figures"], generated / "figures", arguments.partial)
    for name, text in texts.items():
        (generated / f"{name}.md").write_text(text, encoding="utf-8")
    write_variables(variables, source / "_variables.yml")


def copy_figures(source: Path, figures: Path, into: Path, partial: bool) -> None:
    """The figures that the pages show, copied below the pages: Quarto embeds from there alone."""
    into.mkdir(parents=True)
    for name in used_figures(source):
        if (figures / name).is_file():
            shutil.copyfile(figures / name, into / name)
        elif partial:
            (into / name).write_text(PLACEHOLDER.format(name=Path(name).stem))
        else:
            raise FileNotFoundError(
                f"Expected the figure {figures / name}, which a page shows; got none."
            )
