"""The words: addresses, ranges, processes, sockets."""
