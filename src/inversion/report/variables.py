"""numbers.json as `_variables.yml`: every number that the pages quote by `{{< var name >}}`, already formatted.

A variable is named by its place in the file, `scores.two_moons_line.flow.c2st.mean`. How it is printed
depends on the innermost name that says what it is, here `c2st`. Lists serve the tables and are no variables.
"""

import functools
import json
import re
from pathlib import Path

import yaml

from inversion.report.formats import MISSING, format_number, format_setting

VARIABLE = re.compile(r"(?<!\{)\{\{<\s*var\s+(\S+)\s*>\}\}")
FIGURE = re.compile(r"\]\(_generated/figures/([\w.-]+)\)")
NOT_A_QUANTITY = re.compile(r"mean|low|high|observation_\d+")  # these say which value, not of what


def read_numbers(numbers: Path, source: Path, params: Path) -> dict:
    """The study's numbers, its settings, and the original's numbers (`original.yml` beside the pages)."""
    try:
        values = json.loads(numbers.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(
            f"Expected {numbers} to hold JSON; got an error at line {error.lineno}."
        ) from None
    original, settings = (
        yaml.safe_load(path.read_text()) for path in (source / "original.yml", params)
    )
    return values | {"original": original, "settings": settings}


def format_numbers(values: dict, quantity: str = "", as_written: bool = False) -> dict:
    """The same nested dictionary with text for numbers and without lists.

    What was set, by us or by the original, stands as it was written; what was measured is rounded.
    """
    formatted = {}
    for name, value in values.items():
        inner = quantity if NOT_A_QUANTITY.fullmatch(name) else name
        if isinstance(value, dict):
            formatted[name] = format_numbers(
                value, inner, as_written or name in ("original", "settings")
            )
        elif not isinstance(value, list):
            formatted[name] = format_setting(value) if as_written else format_number(inner, value)
    return formatted


def used_variables(source: Path) -> list[str]:
    """Names of the variables that the pages of a report quote, sorted."""
    return sorted(
        {name for page in source.glob("*.qmd") for name in VARIABLE.findall(page.read_text())}
    )


def look_up(variables: dict, name: str) -> str | None:
    """The text of one variable; None where there is none of that name."""
    value = variables
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value if isinstance(value, str) else None


def spell_defaults(variables: dict, names: list[str]) -> None:
    """Where the pages quote the `default` of a setting that all tasks share, put its one value there, in place."""
    for name in names:
        setting = name.removesuffix(".default")
        value = look_up(variables, setting)
        if setting != name and value is not None:
            *path, last = setting.split(".")
            group = functools.reduce(dict.__getitem__, path, variables)
            group[last] = {"default": value}


def fill_missing(variables: dict, names: list[str]) -> list[str]:
    """Put a dash for each name that is missing, in place; returns those names."""
    missing = [name for name in names if look_up(variables, name) is None]
    for name in missing:
        *path, last = name.split(".")
        inner = variables
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = MISSING
    return missing


def write_variables(variables: dict, path: Path) -> None:
    text = yaml.safe_dump(variables, allow_unicode=True, sort_keys=True, default_flow_style=False)
    path.write_text(
        "# Written by `inversion report`; not edited by hand.\n" + text, encoding="utf-8"
    )


def used_figures(source: Path) -> list[str]:
    """File names of the figures that the pages of a report show, sorted."""
    return sorted(
        {name for page in source.glob("*.qmd") for name in FIGURE.findall(page.read_text())}
    )
