"""A small producer and consumer that speak the stock protocol."""
