"""The page Masks: one block, what a stack of blocks reaches, and the whole model."""
