# Pairs to train on, and the observations that every method inverts. A black box makes them in chunks, one job each,
# and a dataset's are taken from its file: there `pairs` is a budget and a seed, or a panel.


rule simulate:
    input:
        files=image_files,
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
        files=image_files,
        code=code_of("simulate"),
    output:
        panel="results/simulations/{task}/panels/{panel}.npz",
        cost="results/costs/simulate/{task}/panels/{panel}.csv",
    log:
        ".cache/logs/simulate/{task}/panels/{panel}.log",
    wildcard_constraints:
        panel=one_of({*grid.PANELS, grid.HELD_OUT, *grid.RESTORATIONS}),
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


# A cluster's nodes often see no network: what is fetched is fetched from where Snakemake runs.
localrules:
    fetch,


# sbibm's observations and draws, unpacked from its wheel. Where that cannot be fetched the rule says so on the
# terminal and its panels are empty, as is whatever is made of them: hence no cache, which would keep them so.
rule fetch:
    input:
        code=code("fetch"),
    output:
        panels=made(["results/simulations/{task}/panels/sbibm.npz"], CELLS.published),
        draws=made(["results/simulations/{task}/published/sbibm.npz"], CELLS.published),
    log:
        ".cache/logs/simulate/fetch.log",
    params:
        cell=of_published(),
    shell:
        "inversion fetch --cell {params.cell:q} --wheels .cache/wheels"
        " --observations {output.panels:q} --out {output.draws:q} 2> {log:q}"


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
            *rules.fetch.output,
            *records_of_pairs(),
        ),
