"""The report: what its pages quote, as text files, and how the pages become HTML. Nothing is computed here."""
