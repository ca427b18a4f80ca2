"""The words: immutable values of addresses, sockets, processes, ranges, snapshots and stops."""
