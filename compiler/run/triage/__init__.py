"""From traces to labelled badcases: labels, checks, clusters, counts, the report, and the page for people."""
