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


rule phase_simulate:
    input:
        guarded(
            *made(rules.simulate.output, CELLS.simulations),
            *made(rules.panel.output, CELLS.panels),
        ),
