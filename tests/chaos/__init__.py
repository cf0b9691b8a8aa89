"""Runs that are killed, stopped, starved and lied to, and what they lost by it: `python -m tests.chaos`."""
