"""Tests of the host room on the real machine: sockets, processes, signals, clipboards."""
