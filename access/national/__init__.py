"""Many authorities at once: the same rule put to each, one pure task an authority."""
