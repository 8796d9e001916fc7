"""A private certificate authority for the length of a run."""

import pathlib

from .processes import run


class Authority:
    """Signs certificates for `localhost` and the loopback addresses with a CA that nobody else trusts."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.folder / "ca.crt"
        self._key = self.folder / "ca.key"
        run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Apus test CA"]
            + ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
            + ["-keyout", self._key, "-out", self.certificate]
        )

    def issue(self, name):
        """Paths of a new certificate and its key."""
        request, certificate, key = (self.folder / f"{name}.{ending}" for ending in ("csr", "crt", "key"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(
            "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
        )
        run(
            ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
            + ["-keyout", key, "-out", request]
        )
        run(
            ["openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-days", "2"]
            + ["-CAcreateserial", "-extfile", extensions, "-out", certificate]
        )
        return certificate, key
