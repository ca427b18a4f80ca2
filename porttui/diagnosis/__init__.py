"""Diagnose a port: who holds it, which addresses can be bound."""
