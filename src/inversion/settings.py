"""The check of params.yaml before the first job: what is wrong, where, and what was expected, in one line.

The schema holds the structure. Which settings a kind takes is read from the source of its constructor, so that
a new one needs no line elsewhere, and so that nothing here imports JAX.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from inversion.estimators import ESTIMATORS
from inversion.references import REFERENCES
from inversion.refinements import REFINEMENTS
from inversion.signatures import parameters
from inversion.tasks import TASKS

REGISTRIES = {
    "tasks": TASKS,
    "estimators": ESTIMATORS,
    "references": REFERENCES,
    "refinements": REFINEMENTS,
}
METHODS = ("estimators", "references", "refinements")
TRAINING = "inversion.estimators.fit:Training"
EXPECTED: dict[str, Callable[[Any], str]] = {
    "type": lambda kind: f"of type {' or '.join([kind] if isinstance(kind, str) else kind)}",
    "minimum": lambda least: "a positive whole number" if least == 1 else f"at least {least}",
    "minItems": lambda least: f"a list of at least {least}",
    "pattern": lambda pattern: f"a name that matches {pattern}",
}

# 6000.0 would be another address than 6000, and True is no number.
_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def check_settings(params: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise `ValueError("Expected ...; got ...")` for the first thing that is wrong with `params`."""
    for error in sorted(_Validator(schema).iter_errors(params), key=_order):
        raise ValueError(_sentence(error))
    for problem in (*_unknown_names(params), *_unknown_settings(params)):
        raise ValueError(problem)


def _order(error: ValidationError) -> tuple:
    return [str(part) for part in error.absolute_path], error.validator != "additionalProperties"


def _sentence(error: ValidationError) -> str:
    where = ".".join(map(str, error.absolute_path)) or "params.yaml"
    if error.validator == "additionalProperties":
        allowed = error.schema["properties"]
        return _among(
            f"keys of {where}", allowed, next(key for key in error.instance if key not in allowed)
        )
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"Expected {where} to have the key {missing!r}; got {_list(error.instance)}."
    if error.validator == "type" and error.schema.get("minimum") == 1:
        return f"Expected {where} to be a positive whole number; got {error.instance!r}."
    expected = EXPECTED.get(str(error.validator), lambda _: "")(error.validator_value)
    return f"Expected {where} to be {expected or error.message}; got {error.instance!r}."


def _unknown_names(params: Mapping[str, Any]) -> Iterator[str]:
    """Names and kinds that nothing defines, and names that two families share."""
    if params["grid"] not in params["grids"]:
        yield _among("grid", params["grids"], params["grid"])
    for section, registry in REGISTRIES.items():
        for name, entry in params[section].items():
            if ":" not in entry["kind"] and entry["kind"] not in registry:
                where = f"{section}.{name}.kind"
                yield _among(where, registry, entry["kind"], " (or package.module:Name)")
    for name, entry in params["refinements"].items():
        if entry["prior"] not in params["estimators"]:
            yield _among(f"refinements.{name}.prior", params["estimators"], entry["prior"])
    for first, second in ((0, 1), (0, 2), (1, 2)):
        for name in params[METHODS[first]]:
            if name in params[METHODS[second]]:
                yield (
                    f"Expected a name for each method; got {name!r} under {METHODS[first]} "
                    f"and under {METHODS[second]}."
                )
    for grid, blocks in params["grids"].items():
        for index, block in enumerate(blocks):
            yield from _unknown_in_block(params, f"grids.{grid}.{index}", block)


def _unknown_in_block(
    params: Mapping[str, Any], where: str, block: Mapping[str, list]
) -> Iterator[str]:
    for section in REGISTRIES:
        for name in block.get(section, []):
            if name not in params[section]:
                yield _among(f"{where}.{section}", params[section], name)
    for task in block["tasks"]:
        if task not in params["panels"]["comparison"]["observations"]:
            yield f"Expected panels.comparison.observations to have the task {task!r}; got none."
    if "estimators" in block or "refinements" in block:
        for key in ("budgets", "seeds"):
            if key not in block:
                yield f"Expected {where} to have the key {key!r}; got {_list(block)}."


def _unknown_settings(params: Mapping[str, Any]) -> Iterator[str]:
    """Settings that the constructor of a kind does not take."""
    for section, registry in REGISTRIES.items():
        for name, entry in params[section].items():
            target = registry.get(entry["kind"], entry["kind"])
            where, settings = f"{section}.{name}", entry
            if section == "estimators":
                yield from _not_taken(f"{where}.fit", entry["fit"], parameters(TRAINING))
                where, settings = f"{where}.network", entry.get("network", {})
            yield from _not_taken(where, settings, parameters(target))


def _not_taken(where: str, settings: Mapping, allowed: list[str] | None) -> Iterator[str]:
    given = ("key", "theta_dim", "y_shape", "task", "panel", "observations", "draws", "num")
    for name in settings:
        if allowed is not None and name not in (*allowed, "kind", "prior"):
            yield _among(f"keys of {where}", [a for a in allowed if a not in given], name)


def _among(what: str, allowed: Iterable[str], got: Any, besides: str = "") -> str:
    close = get_close_matches(str(got), [str(name) for name in allowed], n=1)
    hint = f", did you mean {close[0]!r}?" if close else "."
    return f"Expected {what} among {_list(allowed)}{besides}; got {got!r}{hint}"


def _list(names: Iterable) -> str:
    return ", ".join(map(str, names)) or "nothing"
