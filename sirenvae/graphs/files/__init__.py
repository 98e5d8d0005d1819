"""Networks from files and to files, one module a format."""

from sirenvae.graphs.files.network_json import network_to_json, parse_json
from sirenvae.graphs.files.reading import parse_network, read_network

__all__ = ["network_to_json", "parse_json", "parse_network", "read_network"]
