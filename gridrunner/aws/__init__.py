"""AWS through boto3: bounded clients, errors in one sentence, prices. Fleet and store, built on it, live elsewhere."""
