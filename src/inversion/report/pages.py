"""The shortcodes of Quarto that the pages use, for a machine without Quarto: `include` and `var`, and no other."""

import re
from pathlib import Path

from inversion.report.variables import look_up

SHORTCODE = re.compile(r"(?<!\{)\{\{<\s*(.*?)\s*>\}\}", re.DOTALL)
ESCAPED = re.compile(r"\{(\{\{<.*?>\}\})\}", re.DOTALL)
INCLUDE = re.compile(r"^\{\{<\s*include\s+(\S+)\s*>\}\}[ \t]*$", re.MULTILINE)
FORMULA = re.compile(r"\$\$.*?\$\$|(?<![\\$])\$(?!\s)[^$\n]*\$", re.DOTALL)
CODE_CELL = re.compile(r"^\s*`{3,}\s*\{\s*\w+", re.MULTILINE)


def expand_page(path: Path, variables: dict) -> str:
    """The page as plain Pandoc markdown: included files in place, variables replaced by their text."""
    text = _include(path, path.parent, ())
    if cell := CODE_CELL.search(text):
        raise ValueError(
            f"Expected {path.name} to hold no code cell; got {cell.group().strip()!r}."
        )
    for formula in FORMULA.finditer(text):  # Quarto before 1.9 leaves it as it stands there
        if SHORTCODE.search(formula.group()):
            raise ValueError(
                f"Expected no shortcode in a formula of {path.name}; got {formula.group()!r}."
            )
    expanded = SHORTCODE.sub(lambda match: _replace(match, path.name, variables), text)
    return ESCAPED.sub(r"\1", expanded)


def _include(path: Path, folder: Path, parents: tuple[Path, ...]) -> str:
    if path in parents:
        raise ValueError(f"Expected includes without a circle; got {path.name} inside itself.")
    if not path.is_file():
        by = f", included by {parents[-1].name}" if parents else ""
        raise FileNotFoundError(f"Expected the file {path.relative_to(folder)}{by}; got none.")
    inner = (*parents, path)
    text = path.read_text(encoding="utf-8")
    return INCLUDE.sub(
        lambda match: _include(path.parent / match.group(1), folder, inner).strip("\n"), text
    )


def _replace(match: re.Match, page: str, variables: dict) -> str:
    words = match.group(1).split()
    if len(words) != 2 or words[0] not in ("var", "include"):
        raise ValueError(
            f"Expected {page} to use the shortcodes var and include alone; got {match.group()}. "
            "Quarto may know it: install it for the full page."
        )
    if words[0] == "include":
        raise ValueError(
            f"Expected an include on a line of its own in {page}; got {match.group()}."
        )
    text = look_up(variables, words[1])
    if text is None:
        raise ValueError(f"Expected every variable of {page} in _variables.yml; got {words[1]}.")
    return text
