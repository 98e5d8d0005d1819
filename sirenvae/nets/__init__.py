"""Networks whose output i sees exactly the inputs that row i of a bool adjacency lists."""

from sirenvae.nets.masked_linear import MaskedLinear
from sirenvae.nets.set_rule import LayerMasks, layer_masks, reach

__all__ = ["LayerMasks", "MaskedLinear", "layer_masks", "reach"]
