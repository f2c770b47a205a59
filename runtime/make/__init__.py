"""Stages that make rows or copy inputs."""
