"""Judging observations with pytest: beside the run, of a recorded run, and live checks (`process`).

`gridrunner.pytest_plugin` is the other door: the same fixtures and hooks in a pytest run that a user starts. Nothing is
imported here: the judging process itself starts with what it needs.
"""
