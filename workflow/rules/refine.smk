# Inversions that start from a trained model, a prior or a posterior, each from the one of its own budget and seed.


rule refine:
    input:
        model=trained_model,
        start=start_model,
        panel=rules.panel.output.panel,
        code=code_of("refine", "refinements"),
    output:
        draws="results/draws/refined/{panel}/{task}/{method}/{budget}/{seed}.npz",
        record="results/draws/refined/{panel}/{task}/{method}/{budget}/{seed}.json",
        cost="results/costs/refine/{panel}/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/refine/{panel}/{task}/{method}/{budget}/{seed}.log",
    wildcard_constraints:
        method=one_of(set(config["refinements"]) - REFINEMENT_CHAINS),
    cache: "omit-software"
    params:
        cell=lambda w: of_panel(w, "refinements"),
    shell:
        "inversion refine --cell {params.cell:q} --model {input.model:q}"
        " --start {input.start:q} --panel {input.panel:q}"
        " --out {output.draws:q} --record {output.record:q} --cost {output.cost:q} 2> {log:q}"


rule refine_chains:
    input:
        model=trained_model,
        start=start_model,
        panel=rules.panel.output.panel,
        code=code_of("refine", "refinements"),
    output:
        draws="results/draws/refined/{panel}/{task}/{method}/{budget}/{seed}.npz",
        record="results/draws/refined/{panel}/{task}/{method}/{budget}/{seed}.json",
        chains="results/draws/refined/{panel}/{task}/{method}/{budget}/{seed}.nc",
        cost="results/costs/refine/{panel}/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/refine/{panel}/{task}/{method}/{budget}/{seed}.log",
    wildcard_constraints:
        method=one_of(REFINEMENT_CHAINS),
    cache: "omit-software"
    params:
        cell=lambda w: of_panel(w, "refinements"),
    shell:
        "inversion refine --cell {params.cell:q} --model {input.model:q}"
        " --start {input.start:q} --panel {input.panel:q}"
        " --out {output.draws:q} --record {output.record:q}"
        " --netcdf {output.chains:q} --cost {output.cost:q} 2> {log:q}"


rule phase_refine:
    input:
        guarded(*made_by_kind(rules.refine, rules.refine_chains, REFINEMENT_CHAINS, "refined")),
