"""Proposals, what they change, and how they rank among all alternatives."""
