"""Every system that psutil knows: macOS, Windows, and Linux when /proc/net is refused."""
