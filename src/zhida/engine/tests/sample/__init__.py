"""A small law for the engine's own tests: made-up numbers, the shapes of real rules."""
