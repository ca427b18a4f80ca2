"""Pure functions from snapshots: tables of cases, no clock, no input, no output."""
