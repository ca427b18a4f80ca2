"""Stopping a process: whom not, how it ended, and in which words."""
