"""What goes in: study folders, their settings and tables, checked."""
