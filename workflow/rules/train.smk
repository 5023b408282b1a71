# Estimators, fitted to simulated pairs; a refinement's prior is one of them. A certificate lies beside its model, where
# `inversion infer` looks for it.


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
    wildcard_constraints:
        method=one_of(set(config["estimators"]) - DIRECT_METHODS - DISTILLED_METHODS),
    cache: "omit-software"
    params:
        cell=lambda w: of_task(w, method=w.method, entry=grid.fit_entry(config, w.task, w.method)),
    shell:
        "inversion train --cell {params.cell:q} --simulations {input.simulations:q}"
        " --out {output.model:q} --history {output.history:q} --cost {output.cost:q} 2> {log:q}"


# What is fitted in closed form makes the same files.
rule solve:
    input:
        simulations=rules.simulate.output.simulations,
        code=code_of("solve", "estimators"),
    output:
        model=rules.train.output.model,
        history=rules.train.output.history,
        cost=rules.train.output.cost,
    log:
        ".cache/logs/solve/{task}/{method}/{budget}/{seed}.log",
    wildcard_constraints:
        method=one_of(DIRECT_METHODS),
    cache: "omit-software"
    params:
        cell=lambda w: of_task(w, method=w.method, entry=grid.fit_entry(config, w.task, w.method)),
    shell:
        "inversion solve --cell {params.cell:q} --simulations {input.simulations:q}"
        " --out {output.model:q} --history {output.history:q} --cost {output.cost:q} 2> {log:q}"


# What is distilled makes the same files, from observations and the prior of its own budget and seed.
rule distil:
    input:
        simulations=rules.simulate.output.simulations,
        prior=prior_model,
        code=code_of("distil", "estimators"),
    output:
        model=rules.train.output.model,
        history=rules.train.output.history,
        cost=rules.train.output.cost,
    log:
        ".cache/logs/distil/{task}/{method}/{budget}/{seed}.log",
    wildcard_constraints:
        method=one_of(DISTILLED_METHODS),
    cache: "omit-software"
    params:
        cell=lambda w: of_task(w, method=w.method, entry=grid.fit_entry(config, w.task, w.method)),
    shell:
        "inversion distil --cell {params.cell:q} --simulations {input.simulations:q} --model {input.prior:q}"
        " --out {output.model:q} --history {output.history:q} --cost {output.cost:q} 2> {log:q}"


rule certify:
    input:
        model=rules.train.output.model,
        pairs="results/simulations/{task}/panels/held_out.npz",
        code=code_of("certify", "estimators"),
    output:
        certificate="results/models/{task}/{method}/{budget}/{seed}.trust.npz",
        record="results/models/{task}/{method}/{budget}/{seed}.trust.json",
        cost="results/costs/train/certify/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/certify/{task}/{method}/{budget}/{seed}.log",
    cache: "omit-software"
    params:
        cell=lambda w: of_task(
            w, method=w.method, draws=grid.draws_of(config, w.task, grid.HELD_OUT)
        ),
    shell:
        "inversion certify {input.model:q} --cell {params.cell:q} --pairs {input.pairs:q}"
        " --out {output.certificate:q} --record {output.record:q} --cost {output.cost:q} 2> {log:q}"


rule phase_train:
    input:
        guarded(
            *made(rules.train.output, CELLS.fits),
            *made(rules.certify.output, CELLS.certified),
        ),
