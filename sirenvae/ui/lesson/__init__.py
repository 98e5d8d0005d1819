"""The lesson: its stops, and the strip above every page."""
