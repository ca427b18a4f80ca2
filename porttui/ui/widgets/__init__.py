"""The widgets of the interface, one per file."""
