"""Maps: layers, the consultation explorer, static pictures."""
