"""The agents of a gridrunner fleet on AWS: one beside each Selenium node, one beside each hub.

Python's standard library and boto3 (Debian's python3-boto3) only, so that the image stays small. `node_core` decides,
the other modules talk.
"""
