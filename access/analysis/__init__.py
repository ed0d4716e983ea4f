"""Every question of a study, asked in one place with the settings read once."""
