"""What is rendered from a record: JUnit, summary, timeline, terminal, JSON, CI annotations, HTML."""
