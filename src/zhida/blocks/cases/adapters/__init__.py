"""How messages reach the systems of departments."""
