"""`inversion check`: say in one line what is wrong with params.yaml, before DVC empties a stale phase."""

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SCHEMA = Path("workflow/schemas/params.schema.yaml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("params", nargs="?", default="params.yaml", type=Path)


def run(arguments: argparse.Namespace) -> None:
    import yaml

    from inversion.settings import check_settings

    try:
        params = yaml.safe_load(arguments.params.read_text())
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise ValueError(f"Expected {arguments.params} to be YAML; got: {said}.") from error
    check_settings(params, yaml.safe_load(SCHEMA.read_text()))
    if Path("dvc.yaml").is_file():
        for path in unseen(params, yaml.safe_load(Path("dvc.yaml").read_text())):
            raise ValueError(
                f"Expected {path} among the deps of the stage simulate in dvc.yaml, or `dvc repro` does not see it "
                "change; got no such line."
            )


def unseen(params: Mapping[str, Any], pipeline: Mapping[str, Any]) -> Iterator[str]:
    """Files that the grid's simulators and datasets rest on, and that DVC does not know of."""
    from inversion.closure import source_file
    from inversion.tasks.outside import KINDS, files_of, targets_of

    deps = [os.path.normpath(dep) for dep in pipeline["stages"]["simulate"]["deps"]]
    tasks = dict.fromkeys(
        task for block in params["grids"][params["grid"]] for task in block["tasks"]
    )
    for entry in (params["tasks"][task] for task in tasks):
        if entry["kind"] not in KINDS:
            continue
        modules = [source_file(target.split(":")[0]) for target in targets_of(entry)]
        for path in (*files_of(entry), *(os.path.relpath(path) for path in modules if path)):
            if not any(f"{os.path.normpath(path)}/".startswith(f"{dep}/") for dep in deps):
                yield path
