"""Foreign formats and the internet: the only rooms that read them."""
