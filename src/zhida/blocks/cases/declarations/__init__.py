"""Life events as folders declare them."""
