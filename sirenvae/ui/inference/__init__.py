"""The page Inference: networks that learn to infer race to the floors of their inverses."""
