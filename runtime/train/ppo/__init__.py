"""Proximal policy optimisation of a language model (arXiv 1707.06347), on top of transformers' `Trainer`."""
