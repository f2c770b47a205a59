"""Render phase: the manifests, configs and `PLAN.md` of a plan, and their folder."""
