"""From results to verdicts: cases, causes, totals, quarantine, cost. Pure."""
