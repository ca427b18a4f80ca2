"""Samples of the machine, and the process that takes them."""
