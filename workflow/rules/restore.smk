# Scores of draws as pictures, against the images that were measured.


rule restore:
    input:
        draws=lambda w: draws_file(w.panel)(w),
        code=code_of("restore"),
    output:
        scores="results/scores/restoration/{panel}/{task}/{method}/{budget}/{seed}.csv",
    log:
        ".cache/logs/restore/{panel}/{task}/{method}/{budget}/{seed}.log",
    wildcard_constraints:
        panel=one_of(grid.RESTORATIONS),
    cache: "omit-software"
    params:
        cell=of_restoration,
    shell:
        "inversion restore --cell {params.cell:q} --draws {input.draws:q}"
        " --out {output.scores:q} 2> {log:q}"


rule phase_restore:
    input:
        guarded(*made(rules.restore.output, CELLS.restorations)),
