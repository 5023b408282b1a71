"""`inversion sync`: after a clone, pull, checkout or revert, make Snakemake's records agree with what DVC brought.

Files of a phase that `dvc status` calls clean are what the settings and the code at hand make: Snakemake is told so.
Of the other phases, files that Snakemake did not make here cannot be told from stale ones: they are removed, and the
next run makes them again. What DVC tracks stays in its cache; what git tracks stays in its place till then.
"""

import argparse
import os

from inversion.cli.phases import Phase, call, forget, read_phases, replaced, stale_stages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", "-n", action="store_true", help="say what would be done")


def run(arguments: argparse.Namespace) -> None:
    dry_run = arguments.dry_run
    stale = stale_stages()
    phases = read_phases()
    clean = [phase for phase in phases if phase.name not in stale]
    if clean and not dry_run:
        touch(clean)
    for phase in clean:
        print(f"{phase.name}: clean, recorded")
    for phase in phases:
        if phase.name in stale:
            dropped = replaced(phase.files())
            for path in dropped if not dry_run else ():
                forget(path) if phase.kept else os.unlink(path)
            print(f"{phase.name}: not what dvc.lock says, {len(dropped)} files to be made again")


def touch(phases: list[Phase]) -> None:
    """Record the files of `phases` as made by the settings and the code at hand."""
    rules = [rule for phase in phases for rule in phase.rules]
    targets = [rule for rule in rules if rule.startswith("phase_")]
    call(
        "snakemake", "--touch", "--forceall", "--cores", "1", "--quiet", "all",
        "--allowed-rules", *rules, "--", *targets,
    )  # fmt: skip
