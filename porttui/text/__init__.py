"""Every sentence that porttui says; none names a key, for commands print them too."""
