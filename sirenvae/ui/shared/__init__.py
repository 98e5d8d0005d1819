"""What several pages share: the choice of a network, its picker, pictures of graphs, steps to go through, the look."""
