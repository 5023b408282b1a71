# The report: variables and tables as text, copies of the figures, and the pages. It computes nothing.


rule report:
    input:
        tables=rules.tables.output,
        figures=expand(rules.figure.output, figure=FIGURES),
        pages=sources("report"),
        code=code("report") + sources("src/inversion/report/pandoc"),
    output:
        variables="report/_variables.yml",
        generated=directory("report/_generated"),
        site=directory("report/_site"),
    log:
        ".cache/logs/report.log",
    params:
        partial="" if config["grid"] == "study" else "--partial",
    shell:
        "inversion report --source report --results results {params.partial} 2> {log:q}"


rule phase_report:
    input:
        guarded(*rules.report.output),
