"""The pictures of an inversion, and what is asked of it, as the browser draws them."""

from sirenvae.ui.shared.component import views

draw = views(
    "inversion/inversion.js", "shared/graph.css", "shared/steps.css", "inversion/race.css", "inversion/export.css"
)
