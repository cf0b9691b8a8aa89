"""AWS through boto3: bounded clients, errors in one sentence, prices. What is built on it (fleet, store) lives
elsewhere.
"""
