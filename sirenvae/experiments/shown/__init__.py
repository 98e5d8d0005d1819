"""What the pages show of flows and models: built, trained for a few seconds and measured, for figures to draw."""
