"""The command line: thin commands, no analysis."""
