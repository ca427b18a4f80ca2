"""The machine: the only room with psutil, /proc, signals and the clipboard."""
