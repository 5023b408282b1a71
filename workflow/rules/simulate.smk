# Pairs to train on, and the observations that every method inverts. A black box makes them in chunks, one job each,
# and a dataset's are taken from its file: there `pairs` is a budget and a seed, or a panel.

from inversion.tasks import outside

BLACK_BOXES = {name for name, entry in config["tasks"].items() if entry["kind"] == "black_box"}
DATASETS = {name for name, entry in config["tasks"].items() if entry["kind"] == "dataset"}
IN_JAX = set(config["tasks"]) - BLACK_BOXES - DATASETS
PAIRS = rf"\d+/\d+|panels/(?:{'|'.join(grid.PANELS)})"


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
    asked = {panel: grid.observations_of(config, task, panel) for panel in grid.PANELS}
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


def code_of_simulator(wildcards):
    """The code of a chunk, and that of the user's which it calls."""
    entry = config["tasks"][wildcards.task]
    return code("chunk", *targets("tasks", wildcards.task, entry), *outside.targets_of(entry))


def records_of_pairs():
    """How many pairs from outside the grid were left out, and why."""
    pattern = rules.gather.output.record
    found = outside.pairs_from_outside(config, CELLS)
    return [pattern.format(task=task, pairs=pairs) for task, pairs in found]


rule simulate:
    input:
        code=code_of("simulate"),
    output:
        simulations="results/simulations/{task}/{budget}/{seed}.npz",
        cost="results/costs/simulate/{task}/{budget}/{seed}.csv",
    log:
        ".cache/logs/simulate/{task}/{budget}/{seed}.log",
    wildcard_constraints:
        task=one_of(IN_JAX),
    cache: "omit-software"
    params:
        cell=of_task,
    shell:
        "inversion simulate --cell {params.cell:q}"
        " --out {output.simulations:q} --cost {output.cost:q} 2> {log:q}"


rule panel:
    input:
        code=code_of("simulate"),
    output:
        panel="results/simulations/{task}/panels/{panel}.npz",
        cost="results/costs/simulate/{task}/panels/{panel}.csv",
    log:
        ".cache/logs/simulate/{task}/panels/{panel}.log",
    wildcard_constraints:
        task=one_of(IN_JAX),
    cache: "omit-software"
    params:
        cell=lambda w: of_task(
            w,
            panel=w.panel,
            observations=grid.observations_of(config, w.task, w.panel),
        ),
    shell:
        "inversion simulate --cell {params.cell:q}"
        " --out {output.panel:q} --cost {output.cost:q} 2> {log:q}"


rule chunk:
    input:
        code=code_of_simulator,
        files=lambda w: outside.files_of(config["tasks"][w.task]),
    output:
        chunk="results/simulations/{task}/chunks/{pairs}/{chunk}.npz",
        cost="results/costs/simulate/{task}/chunks/{pairs}/{chunk}.csv",
    log:
        ".cache/logs/simulate/{task}/chunks/{pairs}/{chunk}.log",
    wildcard_constraints:
        task=one_of(BLACK_BOXES),
        pairs=PAIRS,
        chunk=r"\d+",
    cache: "omit-software"
    params:
        cell=lambda w: of_pairs(w, chunk=int(w.chunk)),
    shell:
        "inversion chunk --cell {params.cell:q}"
        " --out {output.chunk:q} --cost {output.cost:q} > {log:q} 2>&1"


rule gather:
    input:
        chunks=chunks(rules.chunk.output.chunk),
        code=lambda w: code("gather", *targets("tasks", w.task, config["tasks"][w.task])),
    output:
        simulations="results/simulations/{task}/{pairs}.npz",
        record="results/simulations/{task}/{pairs}.json",
    log:
        ".cache/logs/simulate/{task}/{pairs}/gather.log",
    wildcard_constraints:
        task=one_of(BLACK_BOXES),
        pairs=PAIRS,
    cache: "omit-software"
    params:
        cell=of_pairs,
    shell:
        "inversion gather --cell {params.cell:q} --chunks {input.chunks:q}"
        " --out {output.simulations:q} --record {output.record:q} 2> {log:q}"


# Apart from the pairs, which must not be gathered anew because seconds differ.
rule total:
    input:
        chunks=chunks(rules.chunk.output.cost),
        code=code("total"),
    output:
        cost="results/costs/simulate/{task}/{pairs}.csv",
    log:
        ".cache/logs/simulate/{task}/{pairs}/total.log",
    wildcard_constraints:
        task=one_of(BLACK_BOXES),
        pairs=PAIRS,
    cache: "omit-software"
    params:
        cell=of_pairs,
    shell:
        "inversion total --cell {params.cell:q} --chunks {input.chunks:q}"
        " --cost {output.cost:q} 2> {log:q}"


rule take:
    input:
        file=lambda w: outside.files_of(config["tasks"][w.task]),
        code=code_of("take"),
    output:
        simulations="results/simulations/{task}/{pairs}.npz",
        record="results/simulations/{task}/{pairs}.json",
        cost="results/costs/simulate/{task}/{pairs}.csv",
    log:
        ".cache/logs/simulate/{task}/{pairs}/take.log",
    wildcard_constraints:
        task=one_of(DATASETS),
        pairs=PAIRS,
    cache: "omit-software"
    params:
        cell=lambda w: of_pairs(w, held_back=held_back(w.task)),
    shell:
        "inversion take --cell {params.cell:q} --file {input.file:q}"
        " --out {output.simulations:q} --record {output.record:q} --cost {output.cost:q} 2> {log:q}"


rule phase_simulate:
    input:
        guarded(
            *made(rules.simulate.output, CELLS.simulations),
            *made(rules.panel.output, CELLS.panels),
            *records_of_pairs(),
        ),
