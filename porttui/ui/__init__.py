"""The interactive session: the only room that knows Textual."""
