"""Checks that are run when something asks for them: --probe, --extension, --try-insertion."""
