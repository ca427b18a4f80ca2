"""Immutable values: addresses, sockets, processes, ranges, snapshots and stops."""
