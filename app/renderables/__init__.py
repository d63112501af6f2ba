"""Pure drawing: data and a width in, strips of text out."""
