"""Networks that are at hand by name: shipped, generated, nonlinear."""
