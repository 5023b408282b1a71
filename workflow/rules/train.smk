# Estimators, fitted to simulated pairs; a refinement's prior is one of them.


rule train:
    input:
        simulations=rules.simulate.output.simulations,
        code=code_of("train", "estimators"),
    output:
        model="results/models/{task}/{method}/{budget}/{seed}.eqx",
        history="results/models/{task}/{method}/{budget}/{seed}.csv",
        cost="results/costs/train/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/train/{task}/{method}/{budget}/{seed}.log",
    cache: "omit-software"
    params:
        cell=lambda w: of_task(w, method=w.method, entry=grid.fit_entry(config, w.task, w.method)),
    shell:
        "inversion train --cell {params.cell:q} --simulations {input.simulations:q}"
        " --out {output.model:q} --history {output.history:q} --cost {output.cost:q} 2> {log:q}"


rule phase_train:
    input:
        guarded(*made(rules.train.output, CELLS.fits)),
