# Exact and classical inversions, which train nothing: budget and seed are 0. Chains are kept as NetCDF besides.


rule reference:
    input:
        panel=rules.panel.output.panel,
        code=code_of("reference", "references"),
    output:
        draws="results/draws/reference/{panel}/{task}/{method}/0/{seed}.npz",
        record="results/draws/reference/{panel}/{task}/{method}/0/{seed}.json",
        cost="results/costs/reference/{panel}/{task}/{method}/0/{seed}.csv",
    log:
        ".cache/logs/reference/{panel}/{task}/{method}/0/{seed}.log",
    wildcard_constraints:
        method=one_of(set(config["references"]) - REFERENCE_CHAINS),
    cache: "omit-software"
    params:
        cell=lambda w: of_panel(w, "references"),
    shell:
        "inversion reference --cell {params.cell:q} --panel {input.panel:q} --out {output.draws:q}"
        " --record {output.record:q} --cost {output.cost:q} 2> {log:q}"


rule reference_chains:
    input:
        panel=rules.panel.output.panel,
        code=code_of("reference", "references"),
    output:
        draws="results/draws/reference/{panel}/{task}/{method}/0/{seed}.npz",
        record="results/draws/reference/{panel}/{task}/{method}/0/{seed}.json",
        chains="results/draws/reference/{panel}/{task}/{method}/0/{seed}.nc",
        cost="results/costs/reference/{panel}/{task}/{method}/0/{seed}.csv",
    log:
        ".cache/logs/reference/{panel}/{task}/{method}/0/{seed}.log",
    wildcard_constraints:
        method=one_of(REFERENCE_CHAINS),
    cache: "omit-software"
    params:
        cell=lambda w: of_panel(w, "references"),
    shell:
        "inversion reference --cell {params.cell:q} --panel {input.panel:q} --out {output.draws:q}"
        " --record {output.record:q} --netcdf {output.chains:q} --cost {output.cost:q} 2> {log:q}"


localrules:
    published,


# What sbibm published, at the address of a method of its name.
rule published:
    input:
        draws="results/simulations/{task}/published/sbibm.npz",
    output:
        draws="results/draws/reference/sbibm/{task}/sbibm/0/0.npz",
    log:
        ".cache/logs/reference/sbibm/{task}/sbibm.log",
    cache: "omit-software"
    params:
        cell=of_task,
    shell:
        "cp {input.draws:q} {output.draws:q} 2> {log:q}"


rule phase_reference:
    input:
        guarded(
            *made_by_kind(rules.reference, rules.reference_chains, REFERENCE_CHAINS, "reference"),
            *made(rules.published.output, CELLS.published),
        ),
