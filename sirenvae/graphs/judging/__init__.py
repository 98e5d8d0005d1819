"""What an inverse claims, and whether it is so."""
