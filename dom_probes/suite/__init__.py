"""The login-form detection suite: ordinary pytest checks (`test_*.py`), and what they conclude, as plain functions."""
