"""The parameters of a constructor, read from its source: nothing is imported."""

import ast
from collections.abc import Mapping
from functools import cache

from inversion.closure import source_file


@cache
def parameters(target: str) -> list[str] | None:
    """Names that `package.module:Name` takes by keyword; None where the source does not say."""
    module, _, name = target.partition(":")
    path = source_file(module)
    if path is None:
        return None
    body = ast.parse(path.read_text()).body
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    origins = {
        alias.name: node.module
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _arguments(node)
    return _of_class(classes[name], classes, origins) if name in classes else None


def _of_class(
    node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], origins: Mapping[str, str]
) -> list[str] | None:
    """Arguments of `__init__`; without one, the fields; without any, what its first base takes."""
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return _arguments(member)
    fields = [
        member.target.id
        for member in node.body
        if isinstance(member, ast.AnnAssign)
        and isinstance(member.target, ast.Name)
        and not ast.unparse(member.annotation).startswith("ClassVar")
    ]
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    known = [base for base in bases if base in classes]
    if fields or not bases:
        return fields or None
    if known:
        return _of_class(classes[known[0]], classes, origins)
    return parameters(f"{origins[bases[0]]}:{bases[0]}") if bases[0] in origins else None


def _arguments(function: ast.FunctionDef) -> list[str] | None:
    arguments = function.args
    if arguments.kwarg is not None:
        return None
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name != "self"]
