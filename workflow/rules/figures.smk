# The small tables, and the figures. Seconds are never the same twice: only the figures named `cost...` read the ledger.


rule tables:
    input:
        scores=made([rules.calibrate.output.scores], CELLS.calibrations)
        + made(rules.compare.output, CELLS.comparisons)
        + made(rules.compare_published.output, CELLS.checks)
        + made(rules.land.output, CELLS.landings)
        + made(rules.restore.output, CELLS.restorations),
        costs=costs_of_grid(),
        histories=made([rules.train.output.history], CELLS.fits),
        records=made(
            [DRAWS.replace(".npz", ".json")],
            [cell for cell in CELLS.draws if cell.family != "amortised"],
        ),
        priors=made([rules.prior.output.record], PRIORS),
        pairs=records_of_pairs(),
        certificates=made([rules.certify.output.record], CELLS.certified),
        power=made(rules.power.output, CELLS.powers),
        kept="report/benchmark.csv",
        code=code("tables"),
    output:
        scores="results/scores.csv",
        costs="results/costs.csv",
        breakeven="results/breakeven.csv",
        numbers="results/numbers.json",
    log:
        ".cache/logs/tables.log",
    params:
        cell=of_study(),
    shell:
        "inversion tables --cell {params.cell:q} --results results --kept {input.kept:q}"
        " --scores {output.scores:q} --costs {output.costs:q}"
        " --breakeven {output.breakeven:q} --numbers {output.numbers:q} 2> {log:q}"


rule figure:
    input:
        scores=rules.tables.output.scores,
        shown=shown_in_figures(),
        kept=kept_tables,
        code=lambda w: code("figure", FIGURES[w.figure]),
    output:
        figure="results/figures/{figure}.svg",
    log:
        ".cache/logs/figures/{figure}.log",
    wildcard_constraints:
        figure=one_of(set(FIGURES) - COST_FIGURES),
    params:
        cell=lambda w: of_study(figure=w.figure),
    shell:
        "inversion figure {wildcards.figure:q} --cell {params.cell:q} --results results"
        " --report report --out {output.figure:q} 2> {log:q}"


rule cost_figure:
    input:
        scores=rules.tables.output.scores,
        costs=rules.tables.output.costs,
        breakeven=rules.tables.output.breakeven,
        kept=kept_tables,
        code=lambda w: code("figure", FIGURES[w.figure]),
    output:
        figure="results/figures/{figure}.svg",
    log:
        ".cache/logs/figures/{figure}.log",
    wildcard_constraints:
        figure=one_of(COST_FIGURES),
    params:
        cell=lambda w: of_study(figure=w.figure),
    shell:
        "inversion figure {wildcards.figure:q} --cell {params.cell:q} --results results"
        " --report report --out {output.figure:q} 2> {log:q}"


# Not guarded: git has these files right after a clone, and remaking what they show remakes them.
rule phase_figures:
    input:
        rules.tables.output,
        expand(rules.figure.output, figure=FIGURES),
