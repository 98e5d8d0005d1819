"""Training steps written out by hand: optional speed-ups of one model each; the dense program is the reference."""
