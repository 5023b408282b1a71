"""From the cells' small files to the study's tables: scores, costs, break-even, and the numbers of the report."""
