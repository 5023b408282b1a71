"""Tables in, pictures out. A new figure is one file and one line here; one named `cost...` reads the ledger."""

FIGURES: dict[str, str] = {}
