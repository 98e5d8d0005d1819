"""The page Training: runs to start, their live charts, and what the models have learnt."""
