"""Whether the next connect(2) or bind(2) will find a port: pure functions over a snapshot."""
