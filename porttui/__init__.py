"""porttui: the ports of this machine, live and from the keyboard."""

__version__ = "0.2.0"
