"""Ends the processes that hold a port, and says what is true afterwards."""
