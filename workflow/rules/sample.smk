# Draws and densities of trained posteriors: one process inverts every panel.


rule sample:
    input:
        model=trained_model,
        calibration="results/simulations/{task}/panels/calibration.npz",
        comparison="results/simulations/{task}/panels/comparison.npz",
        density="results/simulations/{task}/panels/density.npz",
        code=code_of("sample", "estimators"),
    output:
        calibration="results/draws/amortised/calibration/{task}/{method}/{budget}/{seed}.npz",
        comparison="results/draws/amortised/comparison/{task}/{method}/{budget}/{seed}.npz",
        density="results/draws/amortised/density/{task}/{method}/{budget}/{seed}.npz",
        cost="results/costs/sample/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/sample/{task}/{method}/{budget}/{seed}.log",
    cache: "omit-software"
    params:
        cell=lambda w: of_draws(w, *grid.PANELS),
    shell:
        "inversion sample --cell {params.cell:q} --model {input.model:q}"
        " --panels {input.calibration:q} {input.comparison:q} {input.density:q}"
        " --out {output.calibration:q} {output.comparison:q} {output.density:q}"
        " --cost {output.cost:q} 2> {log:q}"


rule sample_published:
    input:
        model=trained_model,
        panel="results/simulations/{task}/panels/sbibm.npz",
        code=code_of("sample", "estimators"),
    output:
        draws="results/draws/amortised/sbibm/{task}/{method}/{budget}/{seed}.npz",
        cost="results/costs/sample/sbibm/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/sample/sbibm/{task}/{method}/{budget}/{seed}.log",
    cache: "omit-software"
    params:
        cell=lambda w: of_draws(w, grid.SBIBM),
    shell:
        "inversion sample --cell {params.cell:q} --model {input.model:q}"
        " --panels {input.panel:q} --out {output.draws:q} --cost {output.cost:q} 2> {log:q}"


rule sample_restored:
    input:
        model=trained_model,
        panel="results/simulations/{task}/panels/{panel}.npz",
        code=code_of("sample", "estimators"),
    output:
        draws="results/draws/amortised/{panel}/{task}/{method}/{budget}/{seed}.npz",
        cost="results/costs/sample/{panel}/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/sample/{panel}/{task}/{method}/{budget}/{seed}.log",
    wildcard_constraints:
        panel=one_of(grid.RESTORATIONS),
    cache: "omit-software"
    params:
        cell=lambda w: of_draws(w, w.panel),
    shell:
        "inversion sample --cell {params.cell:q} --model {input.model:q}"
        " --panels {input.panel:q} --out {output.draws:q} --cost {output.cost:q} 2> {log:q}"


# A learned prior, held against the prior: its draws, and scores of these and of its density.
rule prior:
    input:
        model=rules.train.output.model,
        code=code_of("prior", "estimators"),
    output:
        draws=f"results/{priors.DRAWS}",
        record=f"results/{priors.RECORD}",
    log:
        ".cache/logs/prior/{task}/{method}/{budget}/{seed}.log",
    cache: "omit-software"
    params:
        cell=lambda w: of_task(w, method=w.method, asked=config["panels"][priors.PRIOR]),
    shell:
        "inversion prior --cell {params.cell:q} --model {input.model:q}"
        " --out {output.draws:q} --record {output.record:q} 2> {log:q}"


rule phase_sample:
    input:
        guarded(
            *made(rules.sample.output, CELLS.sampled),
            *made(rules.sample_published.output, CELLS.checked),
            *made(rules.sample_restored.output, CELLS.restored),
            *made(rules.prior.output, PRIORS),
        ),
