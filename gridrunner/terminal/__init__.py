"""What people see while a command works: console, progress and tables."""
