"""How does a graph become a neural network: which weights may stay, and what does a stack of blocks reach?"""

import streamlit as st

import sirenvae as sv
from sirenvae.ui.masks.pictures import (
    MOST_BLOCKS,
    MOST_DRAWN,
    block_model,
    block_picture,
    masks_code,
    reach_words,
    stack_model,
    stack_picture,
    vae_model,
    vae_picture,
)
from sirenvae.ui.shared.look import plain
from sirenvae.ui.shared.picker import pick_network
from sirenvae.ui.shared.teaching import show_code, shown_in

WIDEST = 512  # units in a hidden layer

st.title("Masks")
st.markdown(
    "A graph becomes a neural network when weights are removed: output *i* sees variable *i* and its parents alone."
)
network = pick_network()
with st.container(horizontal=True):
    flow = st.segmented_control(
        "Flow",
        ["posterior", "prior"],
        default="posterior",
        required=True,
        key="mask_flow",
        bind="query-params",
        help="The posterior's flow has the edges of the inverse and reads the observed variables as context; the "
        "prior's has the network's edges among latents.",
    )
    structure = st.segmented_control(
        "Structure",
        ["true", "fully connected", "independent"],
        default="true",
        required=True,
        key="mask_structure",
        bind="query-params",
        help="The network's own edges; all latents joined in topological order; or no edge among latents.",
    )
    layers = st.number_input("Hidden layers", 1, 3, 1, key="mask_layers", bind="query-params", width=130)
    width = st.number_input(
        "Hidden width",
        1,
        WIDEST,
        None,
        placeholder="one per set",
        key="mask_width",
        bind="query-params",
        width=150,
        help="Units in each hidden layer. Empty: one unit for each set that the rule knows.",
    )
    draw = st.segmented_control(
        "Draw the block as",
        ["matrices", "network"],
        default="matrices",
        required=True,
        key="mask_draw",
        bind="query-params",
    )

chosen = (sv.network_to_json(network), flow, structure.replace(" ", "_"), layers, width)
large = len(network.variables) > MOST_DRAWN
if large and structure == "fully connected":
    st.error(
        f"With {len(network.variables):,} variables a fully connected structure takes minutes to invert. Choose "
        f"another structure, or a network of up to {MOST_DRAWN} variables.",
        icon=":material/error:",
    )
    st.stop()
try:
    whole = vae_model(chosen[0], *chosen[2:])
    part = whole["encoder" if flow == "posterior" else "prior"]
    block = part | {"equals_adjacency": whole["masks_are_graph"]} if large else block_model(*chosen)
except sv.InputError as error:
    st.error(f"{plain(error)} Clear the field to have one unit for each set.", icon=":material/error:")
    st.stop()

st.subheader("One block reaches parents")
if large:
    st.markdown(
        f"With more than {MOST_DRAWN} variables single weights are not drawn. The picture of the whole model at the "
        "end of this page shows which variable sees which. **Try this:** go there and point at a matrix."
    )
else:
    first_try = {
        "matrices": "point at an edge of the graph, then at an empty cell of the product.",
        "network": "point at an edge of the graph, then at a unit.",
    }
    st.markdown(f"**Try this:** {first_try[draw]} A click keeps what is lit.")
    block_picture(network, block, draw)

rule, count, volume = st.columns([4, 3, 4], gap="medium")
with rule:
    st.markdown(
        "**The rule.** Every unit owns a set of variables: an input *v* owns {*v*}; a hidden unit owns {*v*}, or {*v*} "
        "and its parents; output *v* owns {*v*} and its parents. An edge stays when the next set contains the "
        "previous one. Sets only grow along a path, so a path that starts at *j* ends at an output whose set holds *j*."
    )
with count:
    st.metric("Weights kept", f"{block['kept']:,}", border=True)
    if block["equals_adjacency"]:
        st.success("Checked: the product of the masks equals the graph.", icon=":material/check:")
    else:
        st.error("Checked: the product of the masks is not the graph.", icon=":material/error:")
    st.caption(
        f"{block['kept']:,} of {block['dense']:,} weights of a dense block of the same widths: "
        f"{block['kept'] / block['dense']:.0%}. Biases are not counted."
    )
with volume:
    st.markdown("**The log-determinant** needs the diagonal alone, since the Jacobian is triangular in this order:")
    st.latex(
        r"\begin{gathered} y = x + g(x, c) \\ \log\left|\det \tfrac{\partial y}{\partial x}\right| = "
        r"\sum_{i=1}^{D} \log\left(1 + \tfrac{\partial g_i}{\partial x_i}\right) \end{gathered}"
    )
    st.caption(
        "Only units that belong to *i* lie on a path from *i* to *i*. Mouton & Kroon, SIReN-VAE (2022), section 2.2."
    )

st.subheader("Stacked blocks reach ancestors")
words, control = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
with control:
    num_blocks = st.slider("Stacked blocks T", 1, MOST_BLOCKS, 1, key="mask_blocks", bind="query-params")
stack = (reach_words if large else stack_model)(*chosen, num_blocks)
with words:
    st.markdown(
        "What a block has mixed, the next one mixes again: *T* blocks reach whatever is at most *T* edges away, the "
        f"boolean power *T* of the graph. **{plain(stack['words'])}**"
    )
blocks = "1 block" if num_blocks == 1 else f"{num_blocks} blocks"
if large:
    st.markdown("A flow of this size is not measured here; the code at the end of this page does it in some minutes.")
else:
    if stack["deepest"] == 1:
        st.markdown("**Try this:** choose another structure or flow, in which some ancestors need more than one block.")
    elif num_blocks == 1:
        st.markdown("**Try this:** move the slider to 2 and look for the edges that were not in the graph.")
    else:
        st.markdown("**Try this:** point at a cell and follow its way through the graph, one edge for each block.")
    stack_picture(network, block, stack)
    verdict = (
        f"Measured: {stack['violated']} of {stack['forbidden']:,} forbidden entries are non-zero, in a flow of "
        f"{blocks} with random weights, by automatic differentiation in float64."
    )
    if stack["violated"]:
        st.error(verdict, icon=":material/error:")
    else:
        st.success(verdict, icon=":material/check:")
st.caption(
    "So a stack is not a product of one-hop conditionals: with more than one block an output may depend on every "
    "ancestor within *T* edges. What is never reached is never seen."
)

st.subheader("The whole model")
st.markdown(
    f"A SIReN-VAE of this network, drawn from its masks: {blocks} in each flow. On the left the **encoder** makes "
    "latents *z* of noise and of *x*, with the edges of the inverse. Then *z* is judged twice. The **prior**, above, "
    "turns it back into noise with the network's edges among latents: how plausible is *z*? The **decoder**, below, "
    "lets each observed variable see its parents alone: how well does *z* explain *x*? "
    "**Try this:** "
    + (
        "point at a row of the encoder, then choose an observed variable from the list, and compare what they reach."
        if large
        else "point at an observed variable on the left, then at the same one on the right, and compare."
    )
)
vae_picture(whole, num_blocks)
st.markdown(
    f"One block of each flow and the decoder keep **{whole['kept']:,} of {whole['dense']:,}** weights of dense "
    "layers of the same widths."
)
check, reads_observed = whole["check"], len(whole["decoder"]["inputs"]) > whole["latents"]
verdict = (
    rf"Measured: {check['violated']} of {check['forbidden']:,} forbidden entries $\partial x_i / \partial z_j$ of the "
    f"decoder are non-zero, and {check['found']:,} of the {check['promised']:,} promised ones are, with random weights "
    f"in float64.{' The columns *j* include observed parents.' if reads_observed else ''}"
)
if check["violated"] or check["found"] < check["promised"]:
    st.error(verdict, icon=":material/error:")
else:
    st.success(verdict, icon=":material/check:")
st.caption(
    "Each block also adds its input to its output, which is not drawn. Beyond the paper, this package puts a linear "
    "part with the same edges beside each flow and the decoder; the posterior's is solved like a triangular system, "
    "and lets a latent depend on all its ancestors in the inverse even with one block."
)
show_code(*masks_code(flow, chosen[2], layers, width, num_blocks, network.is_discrete), key="masks_code")
shown_in(
    "masks by sets: the poster of Mouton & Kroon, SIReN-VAE (2022), Figure 1; the log-determinant: section 2.2 of that "
    "paper, after their Graphical Residual Flows (2022)",
    "the whole model: Figures 1 and A.1 of the same paper",
    "the inverse's edges: Webb et al., Faithful Inversion of Generative Models (2018), Algorithm 1",
    notebook="02_masks_and_flows",
)
