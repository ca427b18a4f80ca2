"""Stop the holders of a port and verify the result."""
