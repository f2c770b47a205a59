"""The cluster executor: applies a rendered plan to a Kubernetes cluster, follows it, and brings its results back.

What is wanted (`cluster_plan`), what was remembered (`ledger`) and what is there (`snapshot`) meet in `advance`, which
is pure and says what to do next; `apply` does it. Nothing here is kept between calls but in the cluster.
"""
