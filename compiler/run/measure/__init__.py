"""`trainspec data`: measure the rows of data sources and write data cards."""
