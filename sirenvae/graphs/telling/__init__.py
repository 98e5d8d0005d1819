"""What happened, in words, formulas and numbers, for those who watch."""
