"""The views of the page, as one component."""

from sirenvae.ui.shared.component import views

draw = views("images/images.js", "images/images.css")
