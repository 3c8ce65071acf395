"""Which certificate authorities are trusted."""

from __future__ import annotations

import os
import ssl


def create_context() -> ssl.SSLContext:
    """Return a TLS context, for which OpenSSL reads all trusted authorities: 20 ms.

    They are those of ``SSL_CERT_FILE``, else ``SSL_CERT_DIR``, else certifi's.
    httpx 0.28 chooses the same; this needs no httpx, and runs while that is loaded.

    Raises
    ------
    OSError
        When they cannot be read.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        import certifi

        file = certifi.where()
    return ssl.create_default_context(cafile=file or None, capath=None if file else folder)
