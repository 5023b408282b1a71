# Pairs to train on, and the observations that every method inverts.


rule simulate:
    input:
        code=code_of("simulate"),
    output:
        simulations="results/simulations/{task}/{budget}/{seed}.npz",
        cost="results/costs/simulate/{task}/{budget}/{seed}.csv",
    log:
        ".cache/logs/simulate/{task}/{budget}/{seed}.log",
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
        panel=one_of(grid.PANELS),
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


rule phase_simulate:
    input:
        guarded(
            *made(rules.simulate.output, CELLS.simulations),
            *made(rules.panel.output, CELLS.panels),
            *rules.fetch.output,
        ),
