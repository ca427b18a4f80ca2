"""Tests of porttui, one room for each of its rooms."""
