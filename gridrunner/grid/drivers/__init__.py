"""Grids that gridrunner itself brings up, looks at and takes down, behind one protocol."""
