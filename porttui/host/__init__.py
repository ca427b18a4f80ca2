"""What the machine says and does: the only room with psutil, /proc, signals and the clipboard."""
