"""Hubs and nodes in containers of this machine."""
