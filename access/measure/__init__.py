"""Measures of access and equity: pure functions on arrays and frames."""
