"""The host layer against the real machine: its sockets, processes, signals and clipboards."""
