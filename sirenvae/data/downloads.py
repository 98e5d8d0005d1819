"""Downloads that a user asked for: MNIST and Fashion-MNIST, checked, kept in the user's cache. Nothing else asks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from sirenvae.data.grey_images import FILES, FOLDER, SOURCES, download_folder
from sirenvae.errors import InputError

MIRRORS = {
    "mnist": ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    "fashion-mnist": (
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
}
CHECKSUMS = {  # as their authors and the libraries that carry them publish them
    "mnist": {
        "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
    },
    "fashion-mnist": {
        "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
    },
}


def download_images(name: str, *, mirrors: Sequence[str] | None = None, progress: bool = False) -> list[Path]:
    """Fetch the four files of a data set that are not there yet, each checked against its checksum.

    A damaged file is removed and asked for once more, then from the next mirror.

    Arguments:
        name: ``"mnist"`` or ``"fashion-mnist"``.
        mirrors: Addresses to ask one after another, instead of those known.
        progress: Whether a bar is drawn.

    Returns:
        Where the files lie, in the user's cache.

    Raises:
        InputError: If there is no such data set to download, no mirror answers, what comes is damaged, or it cannot be
            written.
    """
    if name not in CHECKSUMS:
        raise InputError(f"The images {name!r} cannot be downloaded; {', '.join(CHECKSUMS)} can.")
    try:
        import pooch
    except ImportError as error:
        raise InputError('A download needs the package pooch: "pip install pooch".') from error
    pooch.get_logger().setLevel(logging.ERROR)
    addresses = MIRRORS[name] if mirrors is None else mirrors
    return [_fetch(pooch, name, file, addresses, progress) for file in CHECKSUMS[name]]


def _fetch(pooch, name: str, file: str, mirrors: Sequence[str], progress: bool) -> Path:
    """One file, from the first mirror that gives it whole."""
    failures = []
    for address in mirrors:
        keeper = pooch.create(download_folder(name), address, registry=CHECKSUMS[name], retry_if_failed=1)
        try:
            return Path(keeper.fetch(file, progressbar=progress))
        except ValueError:  # the checksum is another one
            failures.append(f"{urlsplit(address).netloc} gives it damaged")
        except PermissionError as error:
            raise InputError(f"The folder {download_folder(name)} cannot be written to: {error.strerror}.") from error
        except OSError:  # of the network: requests' errors are OSErrors
            failures.append(f"{urlsplit(address).netloc} gives no answer")
    raise InputError(
        f"The file {file} of {SOURCES[name].partition(',')[0]} cannot be downloaded: {', '.join(failures)}. Without a "
        f"network, put the files {', '.join(sum(FILES.values(), ()))} into a folder {name} and name the folder above "
        f"it in {FOLDER}."
    )
