"""The run folder's lines: events, the journal that holds them, the plan file, evidence."""
