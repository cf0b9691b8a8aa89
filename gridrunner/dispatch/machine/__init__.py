"""The dispatcher's decisions: events in, actions out. Pure: no threads, sockets, files or clocks."""
