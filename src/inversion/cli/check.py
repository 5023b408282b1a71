"""`inversion check`: say in one line what is wrong with params.yaml, before DVC empties a stale phase."""

import argparse
from pathlib import Path

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
