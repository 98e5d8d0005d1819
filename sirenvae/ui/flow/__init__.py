"""The page Flow: points on their way through the blocks and back."""
