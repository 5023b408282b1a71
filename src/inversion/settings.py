"""The check of params.yaml before the first job: what is wrong, where, and what was expected, in one line.

The schema holds the structure. Which settings a kind takes is read from the source of its constructor, so that
a new one needs no line elsewhere, and so that nothing here imports JAX.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import chain
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from inversion.estimators import DISTILLED, ESTIMATORS
from inversion.faults import FAULTS
from inversion.grid import (
    HELD_OUT,
    KNOWN,
    POWER,
    SBIBM,
    STARTS,
    WARM,
    by_task,
    fit_entry,
    resolved,
)
from inversion.networks.backbones import BACKBONES
from inversion.networks.summaries import SUMMARIES
from inversion.references import REFERENCES
from inversion.refinements import REFINEMENTS
from inversion.sbibm import FILES
from inversion.signatures import parameters
from inversion.tasks import TASKS
from inversion.tasks.outside import KINDS

REGISTRIES = {
    "tasks": TASKS,
    "summaries": SUMMARIES,
    "estimators": ESTIMATORS,
    "references": REFERENCES,
    "refinements": REFINEMENTS,
    "faults": FAULTS,
}
# Settings that are themselves an entry: a kind and its own settings.
NESTED = {
    "member": ESTIMATORS,
    "flow": ESTIMATORS,
    "single": ESTIMATORS,
    "summary": SUMMARIES,
    "backbone": BACKBONES,
}
METHODS = ("estimators", "references", "refinements")
TRAINING = "inversion.estimators.fit:Training"
TARGET = "inversion.estimators.distilled:Target"
GUESS = "inversion.estimators.unrolled:Unrolled"
EXPECTED: dict[str, Callable[[Any], str]] = {
    "type": lambda kind: f"of type {' or '.join([kind] if isinstance(kind, str) else kind)}",
    "minimum": lambda least: "a positive whole number" if least == 1 else f"at least {least}",
    "minItems": lambda least: f"a list of at least {least}",
    "maximum": lambda most: f"at most {most}",
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
    for problem in _unknown_trainings(params):
        raise ValueError(problem)
    params = resolved(params)
    for problem in chain.from_iterable(
        find(params) for find in (_unknown_names, _unknown_settings, _out_of_reach, _uncertified)
    ):
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


def _unknown_trainings(params: Mapping[str, Any]) -> Iterator[str]:
    """Estimators that are drawn of what is not trained."""
    trained = [name for name, entry in params["estimators"].items() if "of" not in entry]
    for name, entry in params["estimators"].items():
        if entry.get("of", trained[0]) not in trained:
            yield _among(f"estimators.{name}.of", trained, entry["of"])


def _unknown_names(params: Mapping[str, Any]) -> Iterator[str]:
    """Names and kinds that nothing defines, and names that two families share."""
    if params["grid"] not in params["grids"]:
        yield _among("grid", params["grids"], params["grid"])
    for section in REGISTRIES:
        for name, entry in params.get(section, {}).items():
            for one in entries(section, name, entry):
                if ":" not in one.kind and one.kind not in one.registry:
                    if not one.registry:
                        yield f"Expected {one.where} to be package.module:name; got {one.kind!r}."
                    where = f"{one.where}.kind"
                    yield _among(where, one.registry, one.kind, " (or package.module:Name)")
    trained = [name for name, entry in params["estimators"].items() if "of" not in entry]
    for name, entry in params["refinements"].items():
        named = [key for key in STARTS if key in entry]
        if len(named) != 1:
            yield (
                f"Expected refinements.{name} to name the estimator it starts from, by one key of {_list(STARTS)}; "
                f"got {_list(named)}."
            )
        for key in (*named, *({WARM} & set(entry))):
            if entry[key] not in trained and (key, entry[key]) != ("prior", KNOWN):
                yield _among(f"refinements.{name}.{key}", trained, entry[key])
    yield from _undistilled(params, trained)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        for name in params[METHODS[first]]:
            if name in params[METHODS[second]]:
                yield (
                    f"Expected a name for each method; got {name!r} under {METHODS[first]} "
                    f"and under {METHODS[second]}."
                )
    for task, asked in params["power"]["tasks"].items():
        if task not in params["tasks"]:
            yield _among("power.tasks", params["tasks"], task)
        for name in asked["faults"]:
            if name not in params["faults"]:
                yield _among(f"power.tasks.{task}.faults", params["faults"], name)
        for name in asked["repeats"]:
            if name not in ("default", *params["faults"]):
                yield _among(f"power.tasks.{task}.repeats", params["faults"], name)
    for grid, blocks in params["grids"].items():
        for index, block in enumerate(blocks):
            yield from _unknown_in_block(params, f"grids.{grid}.{index}", block)


def _undistilled(params: Mapping[str, Any], trained: list[str]) -> Iterator[str]:
    """Estimators that are to be distilled from what is no prior, and others that name one."""
    for name, entry in params["estimators"].items():
        if "of" in entry:
            continue
        distilled = entry["kind"] in DISTILLED
        if distilled and "prior" not in entry:
            yield f"Expected estimators.{name} to have the key 'prior'; got {_list(entry)}."
        for key in {"prior", "target", "fit_around"} & set(entry):
            if not distilled:
                yield (
                    f"Expected estimators.{name} without {key!r}, of a kind among {_list(DISTILLED)} alone; "
                    f"got it for {entry['kind']!r}."
                )
        if distilled and entry.get("prior") not in (KNOWN, *trained):
            yield _among(f"estimators.{name}.prior", (KNOWN, *trained), entry.get("prior"))


def _unknown_in_block(
    params: Mapping[str, Any], where: str, block: Mapping[str, list]
) -> Iterator[str]:
    for section in REGISTRIES:
        for name in block.get(section, []):
            if name not in params.get(section, {}):
                yield _among(f"{where}.{section}", params[section], name)
    if SBIBM in block.get("panels", []):
        for name in block["tasks"]:
            if name not in FILES:
                yield _among(f"{where}.tasks with the panel {SBIBM}", FILES, name)
    if POWER in block.get("panels", []):
        for name in block["tasks"]:
            if name not in params["power"]["tasks"]:
                yield _among(
                    f"{where}.tasks with the panel {POWER}", params["power"]["tasks"], name
                )
    if "estimators" in block or "refinements" in block:
        for key in ("budgets", "seeds"):
            if key not in block:
                yield f"Expected {where} to have the key {key!r}; got {_list(block)}."


def _uncertified(params: Mapping[str, Any]) -> Iterator[str]:
    """What has no certificate: a method without a model of its own, and pairs from outside that nobody asked for."""
    for grid, blocks in params["grids"].items():
        for index, block in enumerate(blocks):
            if HELD_OUT not in block.get("panels", []):
                continue
            for task in block["tasks"]:
                if params["tasks"][task]["kind"] in KINDS:
                    yield from _unasked(params, HELD_OUT, task)
            for method in block.get("estimators", []):
                if "of" in params["estimators"][method]:
                    yield (
                        f"Expected grids.{grid}.{index}.panels without {HELD_OUT!r} for {method!r}, which has no "
                        "training of its own; got it."
                    )


def _out_of_reach(params: Mapping[str, Any]) -> Iterator[str]:
    """What a task whose pairs come from outside cannot serve, and a panel that would run its simulator unasked."""
    kinds = {name: entry["kind"] for name, entry in params["tasks"].items()}
    for grid, blocks in params["grids"].items():
        for index, block in enumerate(blocks):
            for task in (name for name in block["tasks"] if kinds[name] in KINDS):
                for section, method, why in _unfit(params, block, task):
                    yield (
                        f"Expected grids.{grid}.{index}.{section} without {method!r} for {task!r}, a {kinds[task]}: "
                        f"{why}; got it."
                    )
                yield from _unasked(params, "density", task)


def _unasked(params: Mapping[str, Any], panel: str, task: str) -> Iterator[str]:
    """A panel that would run a simulator, or take from a file, as many pairs as JAX simulates for it."""
    asked = params["panels"][panel]["observations"]
    if not isinstance(asked, Mapping) or task not in asked:
        yield (
            f"Expected panels.{panel}.observations to name {task!r}, as each is a run of its simulator or a pair of "
            f"its file; got {by_task(asked, task)} by default."
        )


def _unfit(
    params: Mapping[str, Any], block: Mapping[str, list], task: str
) -> Iterator[tuple[str, str, str]]:
    """The block's methods that need more than pairs, each with its section and the reason."""
    for section in ("references", "refinements"):
        for method in block.get(section, []):
            if params[section][method]["kind"] in REGISTRIES[section]:
                yield section, method, "it has no likelihood"
    for method in block.get("estimators", []):
        if fit_entry(params, task, method)["fit"].get("fresh_noise"):
            yield "estimators", method, "JAX cannot simulate fresh noise"


def _unknown_settings(params: Mapping[str, Any]) -> Iterator[str]:
    """Settings that the constructor of a kind does not take."""
    for section in REGISTRIES:
        for name, entry in params.get(section, {}).items():
            if section == "estimators":
                for key in ("fit", "fit_around"):
                    where, training = f"estimators.{name}.{key}", entry.get(key, {})
                    yield from _not_taken(where, training, parameters(TRAINING))
                target = entry.get("target", {})
                yield from _not_taken(f"estimators.{name}.target", target, parameters(TARGET))
                around = entry.get("network", {}).get("around")
                if entry["kind"] in DISTILLED and isinstance(around, Mapping):
                    where = f"estimators.{name}.network.around"
                    yield from _not_taken(where, around, parameters(GUESS))
            for one in entries(section, name, entry):
                yield from _not_taken(one.settings_at, one.settings, parameters(one.target))


class Entry(NamedTuple):
    """What one `kind` in params.yaml builds: where it stands, the kind's registry, and its constructor's settings."""

    where: str
    registry: Mapping[str, str]
    kind: str
    settings_at: str
    settings: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The `package.module:Name` that the kind stands for."""
        return self.registry.get(self.kind, self.kind)


def entries(section: str, name: str, entry: Mapping[str, Any]) -> Iterator[Entry]:
    """What an entry of params.yaml builds, and what its settings build in turn."""
    where = settings_at = f"{section}.{name}"
    settings = entry
    if section == "estimators":
        settings_at, settings = f"{where}.network", entry.get("network", {})
    yield Entry(where, REGISTRIES[section], entry["kind"], settings_at, settings)
    if entry["kind"] in KINDS and isinstance(entry.get("prior"), str):
        yield Entry(f"{where}.prior", {}, entry["prior"], where, {})
    for outer, values in {where: entry, settings_at: settings}.items():
        yield from _nested(outer, values)


def _nested(outer: str, values: Mapping[str, Any]) -> Iterator[Entry]:
    """What settings build, and what these entries' own settings build in turn."""
    for key, registry in NESTED.items():
        inner, inside = values.get(key), f"{outer}.{key}"
        by_name = {inside: inner}
        if isinstance(inner, Mapping) and "default" in inner:
            by_name = {f"{inside}.{task}": one for task, one in inner.items()}
        for place, one in by_name.items():
            if isinstance(one, Mapping):
                yield Entry(place, registry, one["kind"], place, one)
                yield from _nested(place, one)


def _not_taken(where: str, settings: Mapping, allowed: list[str] | None) -> Iterator[str]:
    given = (
        "key",
        "theta_dim",
        "y_shape",
        "image_shape",
        "task",
        "panel",
        "observations",
        "draws",
        "num",
    )
    for name in settings:
        if allowed is not None and name not in (*allowed, "kind", *STARTS, WARM):
            yield _among(f"keys of {where}", [a for a in allowed if a not in given], name)


def _among(what: str, allowed: Iterable[str], got: Any, besides: str = "") -> str:
    close = get_close_matches(str(got), [str(name) for name in allowed], n=1)
    hint = f", did you mean {close[0]!r}?" if close else "."
    return f"Expected {what} among {_list(allowed)}{besides}; got {got!r}{hint}"


def _list(names: Iterable) -> str:
    return ", ".join(map(str, names)) or "nothing"
