"""trainspec's compiler: turns a training spec into a checked, explained plan of Kubernetes Jobs."""

__version__ = "0.1.0"
