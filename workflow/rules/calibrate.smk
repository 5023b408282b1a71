# Scores of draws against the parameters that made the observations.


rule calibrate:
    input:
        draws=draws_file("calibration"),
        code=code("calibrate"),
    output:
        scores="results/scores/calibration/{task}/{method}/{budget}/{seed}.csv",
        curves="results/scores/calibration/{task}/{method}/{budget}/{seed}.npz",
    log:
        ".cache/logs/calibrate/{task}/{method}/{budget}/{seed}.log",
    cache: "omit-software"
    params:
        cell=of_scores,
    shell:
        "inversion calibrate --cell {params.cell:q} --draws {input.draws:q}"
        " --out {output.scores:q} --curves {output.curves:q} 2> {log:q}"


rule phase_calibrate:
    input:
        guarded(*made(rules.calibrate.output, CELLS.calibrations)),
