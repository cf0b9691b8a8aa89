"""Recorded traffic of a run: written while it goes on, scrubbed, read again, and matched with what a page asks for."""
