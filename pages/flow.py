"""What does a flow do to points, and how is it turned around?"""

import streamlit as st

import sirenvae as sv
from sirenvae.experiments.shown.flows import WEIGHTS
from sirenvae.experiments.shown.ways import WAYS
from sirenvae.figures.flow_samples import samples_figure, samples_table
from sirenvae.figures.flow_words import short_number
from sirenvae.figures.ink import readable
from sirenvae.ui.flow.picture import (
    MOST_BLOCKS,
    default_pair,
    drawing_of,
    error_of,
    flow_code,
    flow_of,
    flow_picture,
    samples_of,
)
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.picker import pick_network
from sirenvae.ui.shared.teaching import show_code, shown_in

st.title("Flow")
st.markdown(
    "A flow moves points in small steps that can be undone: forwards it carries the latents of a network to standard "
    "normal noise, backwards it makes latents from noise. **First thing to try:** press the right arrow key until the "
    "last block, then choose *fitted* as weights and see where the same steps lead now."
)
network = pick_network()
names = [str(v) for v in network.latents]
with st.container(horizontal=True):
    weights = st.segmented_control(
        "Weights",
        WEIGHTS,
        default="random",
        required=True,
        key="flow_weights",
        bind="query-params",
        help="Random; random and so large that the bound has to hold them; fitted to draws of the network's latents by "
        "maximum likelihood; or the prior of a SIReN-VAE that has seen only the observed variables. The last two are "
        "trained when they are first chosen, which takes a few seconds.",
    )
    way = st.segmented_control(
        "Direction",
        WAYS,
        default="forwards",
        required=True,
        key="flow_way",
        bind="query-params",
        help="Forwards: latents to noise, a step for each block. Backwards: noise to latents, a step for each sweep.",
    )
    num_blocks = st.number_input("Blocks", 1, MOST_BLOCKS, 4, key="flow_blocks", bind="query-params", width=120)
    pair = default_pair(network)
    if len(names) > 1:
        words = "Empty: two latents with few ancestors that depend on each other strongly."
        across = st.selectbox(
            "Across", names, None, placeholder=pair[0], key="flow_x", bind="query-params", width=150, help=words
        )
        up = st.selectbox("Up", names, None, placeholder=pair[1], key="flow_y", bind="query-params", width=150)
        pair = (across or next(name for name in (*pair, *names) if name != up), up or pair[1])
        if not up and pair[0] == pair[1]:
            pair = (pair[0], default_pair(network)[0])
chosen = (network, pair, weights, num_blocks)
try:
    flow = flow_of(*chosen)
except (sv.InputError, sv.ConvergenceError) as error:
    st.error(plain(error), icon=":material/error:")
    st.stop()
flow_picture(drawing_of(*chosen, way))
if len(pair) == 1:
    st.caption(f"There is one latent, so the picture shows where {pair[0]} is against where it started.")
elif len(flow.names) > len(pair):
    others = len(flow.names) - len(pair)
    how = "is summed out" if others == 1 else "are held at their means"
    what = "the other latent of this flow" if others == 1 else f"the {others} other latents of this flow"
    st.caption(f"The picture shows two of {len(flow.names)} latents; for the density {what} {how}.")

volume, inverse, sweep = st.columns(3, gap="large")
with volume:
    st.markdown("**Why the diagonal is enough**")
    st.latex(
        r"\begin{gathered} \log p(z) = \log N(f(z); 0, I) \\ "
        r"{} + \sum_{k} \sum_{i} \log\left(1 + \tfrac{\partial g^k_i}{\partial z_i}\right) \end{gathered}"
    )
    st.markdown(
        "The density of a point changes by how much its neighbourhood is stretched, the determinant of the Jacobian. "
        "The masks let output *i* see only itself and its parents. Sorted so that parents come first, the Jacobian is "
        "triangular, and the determinant of a triangular matrix is the product of its diagonal: D numbers, not D²."
    )
    st.success(
        f"Checked: the sum over the diagonal differs from the log-determinant of the whole Jacobian by at most "
        f"{short_number(error_of(*chosen))} nats at 8 points.",
        icon=":material/check:",
    )
with inverse:
    st.markdown("**Why a block can be undone**")
    st.latex(r"\begin{gathered} y = x + g(x) \\ \mathrm{Lip}(g) \le \prod_l \sigma(W_l) < 1 \end{gathered}")
    st.markdown(
        "If *g* changes by less than its input does, two points can never land on the same *y*: the plane bends but "
        "does not fold. So each weight matrix is scaled down until its spectral norm σ is below 0.97. "
        "**Try this:** choose *large random*. The weights are ten times as large, and the bars stop below the line."
    )
with sweep:
    st.markdown("**What a sweep does**")
    st.latex(
        r"\begin{gathered} \text{plain: } x \leftarrow x - r, \quad r = x + g(x) - y \\ "
        r"\text{by the diagonal: } x_i \leftarrow x_i - \frac{r_i}{1 + \partial g_i / \partial x_i} \end{gathered}"
    )
    st.markdown(
        "There is no formula for *x*, so a guess is corrected by the residual *r*, by which it misses *y*. A plain "
        "sweep shrinks *r* at least by the Lipschitz bound. Dividing by the diagonal, which the log-determinant needs "
        "anyway, is mostly faster. This package goes on to use the whole Jacobian, without forming it. "
        "**Try this:** go backwards and compare the three curves."
    )

st.subheader("Samples, beside the truth")
if weights in WEIGHTS[:2]:
    st.markdown("A flow with random weights has no truth to be compared with: choose *fitted* or *VAE* as weights.")
else:
    samples = samples_of(*chosen)
    picture, numbers = st.columns([3, 2], gap="large", vertical_alignment="center")
    with picture:
        figure = readable(samples_figure(samples), st.context.theme.type == "dark")
        st.plotly_chart(figure, key="flow_samples", config={"displayModeBar": False}, theme=None)
    with numbers:
        made = {
            "fitted": "Noise, carried back through the flow, should look like the network's own latents.",
            "VAE": "Noise becomes latents by inverting the prior, and the decoder makes observed variables of them. "
            "The VAE has never seen a latent, and its latents have units of their own; what it saw can be compared.",
        }
        st.markdown(made[weights])
        st.dataframe(samples_table(samples), hide_index=True, key="flow_numbers")
        st.caption(f"{len(samples.truth):,} draws each, {samples.unit}.")

show_code(*flow_code(pair, weights, num_blocks), key="flow_code")
shown_in(
    "the block, its log-determinant and its inversion by the diagonal: Mouton & Kroon, SIReN-VAE (2022), eq. (6) and "
    "section 2.2, after their Graphical Residual Flows (2022)",
    "the flow as a prior: eq. (3) of the same paper",
    "bound and plain sweep: Behrmann et al., Invertible Residual Networks (2019)",
    notebook="02_masks_and_flows",
)
