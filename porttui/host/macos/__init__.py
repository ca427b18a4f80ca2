"""What macOS alone can tell, asked of its own commands."""
