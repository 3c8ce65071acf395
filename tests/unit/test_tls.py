"""The trusted authorities."""

from __future__ import annotations

import pathlib
import ssl

import certifi
import httpx
import pytest

from jupyter_notebook_stop.modelarts import tls


@pytest.mark.parametrize("given", [(), ("SSL_CERT_FILE",), ("SSL_CERT_DIR",), ("SSL_CERT_FILE", "SSL_CERT_DIR")])
def test_the_same_authorities_are_trusted_as_by_httpx(
    given: tuple[str, ...], certificate: tuple[str, str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SSL_CERT_FILE": certificate[0], "SSL_CERT_DIR": str(tmp_path)}.items():
        monkeypatch.delenv(name, raising=False)
        if name in given:
            monkeypatch.setenv(name, value)
    ours, theirs = tls.create_context(), httpx.create_ssl_context()
    assert ours.get_ca_certs() == theirs.get_ca_certs()
    assert bool(ours.get_ca_certs()) == (given != ("SSL_CERT_DIR",)), "those of a folder are read when they are needed"
    assert (ours.verify_mode, ours.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), ("no certificate", "X509|PEM")])
def test_a_file_that_cannot_be_read_is_not_passed_over(
    content: str | None, reason: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(pathlib.Path(certifi.where()).parent))
    with pytest.raises(OSError, match=reason):
        tls.create_context()
