"""The page Inversion: the elimination to step through, and what can be asked of it."""
