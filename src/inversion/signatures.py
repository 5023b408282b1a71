"""The parameters of a constructor, read from its source: nothing is imported."""

import ast
from collections.abc import Mapping

from inversion.closure import source_file


def parameters(target: str) -> list[str] | None:
    """Names that `package.module:Name` takes by keyword; None where the source does not say."""
    module, _, name = target.partition(":")
    path = source_file(module)
    if path is None:
        return None
    body = ast.parse(path.read_text()).body
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _arguments(node)
    return _of_class(classes[name], classes) if name in classes else None


def _of_class(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> list[str] | None:
    """Arguments of `__init__`; without one, the fields; without any, what a base of the same file takes."""
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return _arguments(member)
    fields = [
        member.target.id
        for member in node.body
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
    ]
    bases = [classes[b.id] for b in node.bases if isinstance(b, ast.Name) and b.id in classes]
    return fields or (_of_class(bases[0], classes) if bases else None)


def _arguments(function: ast.FunctionDef) -> list[str] | None:
    arguments = function.args
    if arguments.kwarg is not None:
        return None
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name != "self"]
