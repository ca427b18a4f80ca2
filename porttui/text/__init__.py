"""All sentences shown to people. None names a key, for commands print them, too."""
