"""One-shot commands: data on stdout, messages on stderr, an exit status."""
