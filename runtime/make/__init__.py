"""Stages that make rows or bring files."""
