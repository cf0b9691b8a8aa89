"""The fleet on AWS: scaling groups, drains, metering."""
