"""One-shot commands: data on stdout, words on stderr, and an exit status that tells the truth."""
