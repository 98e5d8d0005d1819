"""The views of the page, as one component."""

from sirenvae.ui.shared.component import views

draw = views("inference/inference.js", "shared/graph.css", "inference/inference.css", "inference/marginals.css")
