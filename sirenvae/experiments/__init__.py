"""One file per table or figure: a frozen config, presets, and a run that yields what it finds."""
