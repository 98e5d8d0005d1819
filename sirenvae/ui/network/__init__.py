"""The page Network: the picture to click, the gallery, the generator, changes by name and what a network costs."""
