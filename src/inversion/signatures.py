"""The parameters of a constructor, read from its source: nothing is imported."""

import ast

from inversion.closure import source_file


def parameters(target: str) -> list[str] | None:
    """Names that `package.module:Name` takes by keyword; None where the source does not say."""
    module, _, name = target.partition(":")
    path = source_file(module)
    if path is None:
        return None
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _arguments(node)
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _of_class(node)
    return None


def _of_class(node: ast.ClassDef) -> list[str] | None:
    """Arguments of `__init__`; without one, the fields of a class that inherits none of its own."""
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return _arguments(member)
    fields = [
        member.target.id
        for member in node.body
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
    ]
    return fields or None


def _arguments(function: ast.FunctionDef) -> list[str] | None:
    arguments = function.args
    if arguments.kwarg is not None:
        return None
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name != "self"]
