"""Tests that drive the interface with Textual's Pilot."""
