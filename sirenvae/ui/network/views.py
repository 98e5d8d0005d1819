"""The picture of a network and the gallery, as the browser draws them."""

from sirenvae.ui.shared.component import views

draw = views("network/network.js", "shared/graph.css", "network/gallery.css")
