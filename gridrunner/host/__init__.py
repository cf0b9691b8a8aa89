"""This machine as a run meets it: its clock, its proxies, its open files."""
