"""Sealed reports on photographs."""
