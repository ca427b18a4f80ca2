"""Pure functions from snapshots to what is worth showing. No clock, no input, no output."""
