# Scores of draws against exact draws, and of an estimator's density against the exact one.

# Methods that invert the density panel; `exact` is compared with draws of its own made anew, the scores' floor.
WITH_DENSITY = {"exact", *config["estimators"]}


rule compare:
    input:
        draws=draws_file("comparison"),
        exact="results/draws/reference/comparison/{task}/exact/0/0.npz",
        code=code_of("compare"),
    output:
        scores="results/scores/comparison/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/compare/{task}/{method}/{budget}/{seed}.log",
    wildcard_constraints:
        method=one_of({*config["references"], *config["refinements"]} - WITH_DENSITY),
    cache: "omit-software"
    params:
        cell=of_comparison,
    shell:
        "inversion compare --cell {params.cell:q} --draws {input.draws:q} --exact {input.exact:q}"
        " --out {output.scores:q} 2> {log:q}"


rule compare_density:
    input:
        draws=draws_file("comparison"),
        exact="results/draws/reference/comparison/{task}/exact/0/0.npz",
        density=draws_file("density"),
        exact_density="results/draws/reference/density/{task}/exact/0/0.npz",
        code=code_of("compare"),
    output:
        scores="results/scores/comparison/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/compare/{task}/{method}/{budget}/{seed}.log",
    wildcard_constraints:
        method=one_of(WITH_DENSITY),
    cache: "omit-software"
    params:
        cell=of_comparison,
    shell:
        "inversion compare --cell {params.cell:q} --draws {input.draws:q} --exact {input.exact:q}"
        " --density {input.density:q} --exact-density {input.exact_density:q}"
        " --out {output.scores:q} 2> {log:q}"


rule compare_published:
    input:
        draws=draws_file("sbibm"),
        exact=rules.published.output.draws,
        code=code_of("compare"),
    output:
        scores="results/scores/comparison/sbibm/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/compare/sbibm/{task}/{method}/{budget}/{seed}.log",
    cache: "omit-software"
    params:
        cell=of_check,
    shell:
        "inversion compare --cell {params.cell:q} --draws {input.draws:q} --exact {input.exact:q}"
        " --out {output.scores:q} 2> {log:q}"


# Which of the exact posterior's parts the ends of a refinement lie in, and which share lies in none.
rule land:
    input:
        draws=draws_file("comparison"),
        exact="results/draws/reference/comparison/{task}/exact/0/0.npz",
        code=code_of("land"),
    output:
        scores="results/scores/landing/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/land/{task}/{method}/{budget}/{seed}.log",
    cache: "omit-software"
    params:
        cell=lambda w: of_task(w, method=w.method),
    shell:
        "inversion land --cell {params.cell:q} --draws {input.draws:q} --exact {input.exact:q}"
        " --out {output.scores:q} 2> {log:q}"


rule phase_compare:
    input:
        guarded(
            *made(rules.compare.output, CELLS.comparisons),
            *made(rules.land.output, CELLS.landings),
            *made(rules.compare_published.output, CELLS.checks),
        ),
