"""Samples of the real machine."""
