"""Takes snapshots."""
