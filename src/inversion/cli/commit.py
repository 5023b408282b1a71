"""`inversion commit`: after a bare `snakemake`, record in dvc.lock what it made.

It must have nothing left to do. Files that no job of the graph makes (the dead cells of a grid that shrank) are
removed first. Where settings and code are those of dvc.lock but the results are not, another machine made other
bits, or something is wrong: that is said, and wants `--accept`.
"""

import argparse
import os
from pathlib import Path

from inversion.cli.phases import call, read_phases, stale_stages

LEDGER = "results/costs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accept", action="store_true", help="record results that differ though nothing else does"
    )


def run(arguments: argparse.Namespace) -> None:
    made = files_of_graph()
    for path in dead_files(made):
        os.unlink(path)
        print(f"removed {path}, which no job makes")
    differing = unexplained()
    if differing and not arguments.accept:
        raise ValueError(
            "Expected the results of dvc.lock, whose settings and code are those at hand; got others in "
            f"{', '.join(differing)}. Another machine may give other bits: --accept records them."
        )
    call("dvc", "commit", "--force", "--quiet")
    print(
        f"dvc.lock records {len(made)} files"
        + (f"; new bits in {', '.join(differing)}" if differing else "")
    )


def files_of_graph() -> set[str]:
    """Every output of a job of the graph; an error where Snakemake has one left to make."""
    rows = [line.split("\t") for line in call("snakemake", "--summary").stdout.splitlines()]
    header = next((index for index, row in enumerate(rows) if row[0] == "output_file"), len(rows))
    files = {row[0]: row[-1] for row in rows[header + 1 :] if len(row) == len(rows[header])}
    pending = [path for path, plan in files.items() if plan != "no update"]
    if pending:
        raise ValueError(
            f"Expected `snakemake -n` to have nothing to do; got {len(pending)} of {len(files)} files to make, "
            f"{pending[0]} among them. Run `snakemake` first."
        )
    return set(files)


def dead_files(made: set[str]) -> list[Path]:
    """Files in the outs of dvc.yaml that no job makes, alone or as part of a folder."""
    return [
        path
        for phase in read_phases()
        for path in phase.files()
        if str(path) not in made and not any(str(folder) in made for folder in path.parents)
    ]


def unexplained() -> list[str]:
    """Outs, less the ledger's, that differ from dvc.lock though command, settings and code do not."""
    differing = []
    for stage in stale_stages().values():
        changes = [change for change in stage if isinstance(change, dict)]
        outs = {out for change in changes for out in change.get("changed outs", {})}
        explained = len(changes) < len(stage) or any("changed deps" in change for change in changes)
        if not explained:
            differing += sorted(out for out in outs if not out.startswith(LEDGER))
    return differing
