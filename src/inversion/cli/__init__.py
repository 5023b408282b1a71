"""The command line: one short file per verb, the only layer that opens files, reads params, knows seeds and clocks."""
