# What describes pairs that come from outside JAX: `pairs` is a budget and a seed, or a panel.

from inversion.tasks import outside

BLACK_BOXES = {name for name, entry in config["tasks"].items() if entry["kind"] == "black_box"}
DATASETS = {name for name, entry in config["tasks"].items() if entry["kind"] == "dataset"}
IN_JAX = set(config["tasks"]) - BLACK_BOXES - DATASETS
PAIRS = rf"\d+/\d+|panels/(?:{'|'.join((*grid.PANELS, grid.HELD_OUT))})"


def asked_for(task, pairs):
    """What the cell of pairs says besides the task: how many they are, or the observations themselves."""
    first, second = pairs.split("/")
    if first != "panels":
        return {"pairs": pairs, "budget": int(first), "seed": int(second)}
    observations = grid.observations_of(config, task, second)
    return {"pairs": pairs, "panel": second, "observations": observations}


def of_pairs(wildcards, **more):
    """The cell of pairs that come from outside."""
    return of_task(wildcards, **asked_for(wildcards.task, wildcards.pairs), **more)


def held_back(task):
    """How many pairs of a dataset each panel takes."""
    certified = any(fit.task == task for fit in CELLS.certified)
    panels = (*grid.PANELS, grid.HELD_OUT) if certified else grid.PANELS
    asked = {panel: grid.observations_of(config, task, panel) for panel in panels}
    return {panel: num for panel, num in asked.items() if isinstance(num, int)}


def chunks(pattern):
    """An input function: what each chunk of the pairs makes."""

    def files(wildcards):
        asked = asked_for(wildcards.task, wildcards.pairs)
        count = outside.chunk_count(
            config["tasks"][wildcards.task], asked.get("observations", asked.get("budget"))
        )
        return [pattern.format(**wildcards, chunk=chunk) for chunk in range(count)]

    return files


def image_files(wildcards):
    """The pictures or fields that a task simulated in JAX reads; of most tasks none."""
    entry = config["tasks"][wildcards.task]
    return outside.files_of(entry) if entry["kind"] in outside.FILES else []


def code_of_simulator(wildcards):
    """The code of a chunk, and that of the user's which it calls."""
    entry = config["tasks"][wildcards.task]
    return code("chunk", *targets("tasks", wildcards.task, entry), *outside.targets_of(entry))


def records_of_pairs():
    """How many pairs from outside the grid were left out, and why."""
    pattern = rules.gather.output.record
    found = outside.pairs_from_outside(config, CELLS)
    return [pattern.format(task=task, pairs=pairs) for task, pairs in found]
