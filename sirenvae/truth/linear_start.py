"""A SIReN-VAE that is a given linear-Gaussian network: the best linear model as the place where training starts."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.flows.affine import MaskedAffine
from sirenvae.flows.residual import GraphicalResidualFlow
from sirenvae.models.siren_vae import SIReNVAE
from sirenvae.truth.references import LinearNetworkReference

_FLOOR_SHARE = 0.5  # Of the least deviation: above it the gradient that reaches that output's log_scale would fade.


class _Linear(NamedTuple):
    """A linear-Gaussian network of V variables, latents first, in the model's units: v = B v + c + d e = mean + M e.

    Slopes B and noise map M have shape ``(V, V)``, rows children; intercepts c, deviations d and mean ``(V,)``.
    """

    slopes: Tensor
    intercepts: Tensor
    deviations: Tensor
    mean: Tensor
    noise_map: Tensor


@torch.no_grad()
def linear_start(model: SIReNVAE, reference: LinearNetworkReference, replica: int = 0) -> None:
    r"""Set a model to a fitted linear-Gaussian network, its exact posterior included.

    The affine map of the prior takes the slopes among latents, the linear part of the decoder those to observed
    variables. The posterior's takes the regression of each latent on its parents in the inverse,

    .. math::
        z_i \mid \mathrm{pa}(i) \sim N\left(\mu_i + \Sigma_{i, \mathrm{pa}(i)} \Sigma_{\mathrm{pa}(i)}^{-1}
        (v_{\mathrm{pa}(i)} - \mu_{\mathrm{pa}(i)}),\
        \Sigma_{ii} - \Sigma_{i, \mathrm{pa}(i)} \Sigma_{\mathrm{pa}(i)}^{-1} \Sigma_{\mathrm{pa}(i), i}\right),

    which is exact because the inverse asserts no independence that the network does not have. The last layers of both
    flows and of the decoder's network become zero; the other layers keep their weights, so that the last ones have a
    gradient. Then the ELBO of every point, whatever the noise, is the exact log-likelihood ``reference.log_prob(x)``.

    Standardization stays as it is. The decoder's noise floor is lowered to half of the least deviation where it is
    above that. Mind that :func:`sirenvae.training.fit.fit` sets the floor anew, from its recipe, and standardizes
    again: standardize by the training data first, then start, then train by :class:`sirenvae.training.loop.Fit` to
    keep both.

    Arguments:
        model: Of the structure ``"true"`` and with linear parts; it is changed in place.
        reference: Fitted to the network of the model.
        replica: Which replica to set, counted through all axes of R.

    Raises:
        InputError: If the model has another structure or no linear parts, the network is another one, or there is no
            such replica.
    """
    _check(model, reference, replica)
    linear = _in_units_of(model, reference, replica)
    num_latents = model.latent_features
    priors = (value[:num_latents] for value in (linear.slopes, linear.intercepts, linear.deviations))
    _set_affine(model.prior_affine, *priors, replica)
    _set_affine(model.posterior_affine, *_regressions(model.posterior_affine.mask, linear), replica)
    for flow in (model.prior, model.encoder):
        _make_identity(flow, replica)
    _set_decoder(model, linear, replica)


def _check(model: SIReNVAE, reference: LinearNetworkReference, replica: int) -> None:
    if not isinstance(model, SIReNVAE) or model.structure != "true" or model.prior_affine is None:
        raise InputError('A linear start needs a model built as SIReNVAE(network, "true", linear=True).')
    ours, theirs = model.network, reference.network
    same_edges = set(ours.dag.edges) == set(theirs.dag.edges)
    if (ours.variables, ours.observed) != (theirs.variables, theirs.observed) or not same_edges:
        raise InputError(
            f"The model is of the network {ours.name}, but the reference is of another one, {theirs.name}."
        )
    count = math.prod(model.replicas)
    if not 0 <= replica < count:
        raise InputError(f"The model has the replicas 0 to {count - 1}, but {replica} came.")


def _in_units_of(model: SIReNVAE, reference: LinearNetworkReference, replica: int) -> _Linear:
    """From v = B v + c + d e in the reference's units to the model's, where v becomes unit * v + shift."""
    network, num_latents = model.network, model.latent_features
    columns = [network.position[v] for v in (*network.latents, *network.observed)]
    location, scale = (
        _of_replica(value, model.replicas, replica).view(-1).to("cpu", torch.float64)
        for value in (model.location, model.scale)
    )
    unit = torch.cat([torch.ones(num_latents, dtype=torch.float64), reference.scale / scale])
    shift = torch.cat([torch.zeros(num_latents, dtype=torch.float64), (reference.location - location) / scale])
    slopes = reference.slopes[columns][:, columns] * unit.unsqueeze(1) / unit
    intercepts = unit * reference.intercepts[columns] + shift - slopes @ shift
    deviations = unit * reference.deviations[columns]
    total_effect = torch.linalg.inv(torch.eye(len(slopes), dtype=torch.float64) - slopes)
    return _Linear(slopes, intercepts, deviations, total_effect @ intercepts, total_effect * deviations)


def _regressions(mask: Tensor, linear: _Linear) -> tuple[Tensor, Tensor, Tensor]:
    """Slopes ``(K, V)``, intercepts ``(K,)`` and deviations ``(K,)`` of every latent given the inputs of its row.

    Least squares on the noise map needs no covariance, whose condition would be the square.
    """
    slopes = torch.zeros(mask.shape, dtype=torch.float64)
    for i, row in enumerate(mask.cpu()):
        parents = row.nonzero().flatten()
        slopes[i, parents] = torch.linalg.lstsq(linear.noise_map[parents].T, linear.noise_map[i]).solution
    left = linear.noise_map[: len(mask)] - slopes @ linear.noise_map
    return slopes, linear.mean[: len(mask)] - slopes @ linear.mean, torch.linalg.vector_norm(left, dim=-1)


def _set_affine(affine: MaskedAffine, slopes: Tensor, intercepts: Tensor, deviations: Tensor, replica: int) -> None:
    weight, bias, log_scale = (
        _of_replica(value, affine.replicas, replica) for value in (affine.weight, affine.bias, affine.log_scale)
    )
    weight.copy_(slopes[:, : weight.shape[-1]])  # without the observed variables where no latent has such a parent
    bias.copy_(intercepts)
    log_scale.copy_(deviations.log())


def _make_identity(flow: GraphicalResidualFlow, replica: int) -> None:
    for values in (flow.weights[-1], flow.biases[-1]):
        _of_replica(values, flow.replicas, replica).zero_()


def _set_decoder(model: SIReNVAE, linear: _Linear, replica: int) -> None:
    decoder = model.decoder
    slopes, intercepts, deviations = (
        value[model.latent_features :] for value in (linear.slopes, linear.intercepts, linear.deviations)
    )
    floor, weight, nonlinear, bias, log_scale = (
        _of_replica(value, model.replicas, replica)
        for value in (
            decoder.noise_floor,
            decoder.linear.weight,
            decoder.output.weight,
            decoder.output.bias,
            decoder.log_scale,
        )
    )
    floor.clamp_(max=_FLOOR_SHARE * deviations.min().item())
    weight.copy_(slopes[:, : weight.shape[-1]])
    nonlinear.zero_()
    bias.copy_(intercepts)
    log_scale.copy_(0.5 * (deviations.square() - floor.to("cpu", torch.float64).square().squeeze()).log())


def _of_replica(values: Tensor, replicas: tuple[int, ...], replica: int) -> Tensor:
    """The part of one replica, a view to write to."""
    return values.detach().view(math.prod(replicas), *values.shape[len(replicas) :])[replica]
