"""Runs and history in S3."""
