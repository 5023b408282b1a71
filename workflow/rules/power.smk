# How often each diagnostic sees each fault that is planted in exact posteriors.


rule power:
    input:
        code=code_of_power,
    output:
        rates="results/scores/power/{task}.csv",
    log:
        ".cache/logs/power/{task}.log",
    cache: "omit-software"
    params:
        cell=of_power,
    shell:
        "inversion power --cell {params.cell:q} --out {output.rates:q} 2> {log:q}"


rule phase_power:
    input:
        guarded(*made(rules.power.output, CELLS.powers)),
