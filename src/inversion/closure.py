"""Which source files a module's behaviour rests on, read from the `import` lines of its source.

Snakemake does not see an edit in an imported module, so each rule declares its code as input. The closure
holds files of this package (and, of a user's own `package.module:Name`, its file and those of the user's that it
imports by their full names), never an `__init__`: a line added to a registry must not make anything stale. What an
`__init__` imports counts where a name of its own is used.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "inversion"
SOURCE = Path(__file__).resolve().parent.parent


def code_files(*modules: str) -> list[Path]:
    """Files of `modules` (`package.module` or `package.module:Name`) and of all that they import of ours."""
    found: dict[str, Path] = {}
    pending = [module.split(":")[0] for module in modules]
    while pending:
        module = pending.pop()
        path = source_file(module)
        if path is not None and module not in found:
            found[module] = path
            pending += _imports(path)
    return sorted(path for path in found.values() if path.name != "__init__.py")


@cache
def source_file(module: str) -> Path | None:
    """The source of a module of this package, or of a user's module beside it; None for libraries."""
    parts = module.split(".")
    roots = [SOURCE] if parts[0] == PACKAGE else [Path(root or ".") for root in sys.path]
    for root in roots:
        for path in (
            root.joinpath(*parts).with_suffix(".py"),
            root.joinpath(*parts, "__init__.py"),
        ):
            if path.is_file():
                return None if "site-packages" in path.parts else path
    return None


@cache
def _imports(path: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ours(ast.parse(path.read_text(), filename=str(path)))))


def _ours(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from _outside_python(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from _outside_python(_origin(node.module, alias.name) for alias in node.names)


def _outside_python(modules: Iterable[str]) -> Iterator[str]:
    return (module for module in modules if module.split(".")[0] not in sys.stdlib_module_names)


def _origin(module: str, name: str) -> str:
    """The module that `from module import name` gets the name from: a submodule, or where an `__init__` has it."""
    if source_file(f"{module}.{name}") is not None:
        return f"{module}.{name}"
    path = source_file(module)
    if module.split(".")[0] != PACKAGE or path is None or path.name != "__init__.py":
        return module
    origin = _names(path).get(name)
    return module if origin is None else _origin(*origin)


@cache
def _names(path: Path) -> dict[str, tuple[str, str]]:
    """What a file imports at its top: the module and the name there, by the name here."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.parse(path.read_text(), filename=str(path)).body
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0
        for alias in node.names
    }
