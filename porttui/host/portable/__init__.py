"""All systems of psutil: macOS, Windows, and Linux if /proc/net cannot be read."""
