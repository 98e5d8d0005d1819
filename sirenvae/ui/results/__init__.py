"""The page Results: what the long runs found."""
