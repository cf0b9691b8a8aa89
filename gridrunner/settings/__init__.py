"""Settings: the table of rows, their values, and the typed parts that they resolve to."""
