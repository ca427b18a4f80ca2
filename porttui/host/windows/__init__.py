"""What Windows alone can tell, asked of its own commands."""
