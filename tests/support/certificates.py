"""Authorities and certificates for tests, made by openssl."""
import os
import subprocess


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


class Authority:
    """Signs certificates; its own is the file `ca`."""

    def __init__(self, folder, name="Test authority"):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.ca, self.key, self.database = (os.path.join(self.folder, each) for each in ("ca.pem", "ca.key", "index.txt"))
        open(self.database, "w").close()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.ca)

    def sign(self, name, alternatives="DNS:localhost,IP:127.0.0.1", begins="20200101000000Z", ends="20390101000000Z"):
        """A certificate and its key, for these names. Signed by `openssl ca`, which takes any time of validity."""
        base = os.path.join(self.folder, name)
        with open(base + ".cnf", "w") as file:
            file.write(f"[ca]\ndefault_ca=own\n[own]\ndatabase={self.database}\nnew_certs_dir={self.folder}\nrand_serial=yes\n"
                       f"unique_subject=no\ndefault_md=sha256\npolicy=any\nx509_extensions=names\n[any]\ncommonName=supplied\n"
                       f"[names]\nsubjectAltName={alternatives}\nbasicConstraints=CA:FALSE\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                "-keyout", base + ".key", "-out", base + ".csr")
        openssl("ca", "-batch", "-notext", "-config", base + ".cnf", "-cert", self.ca, "-keyfile", self.key, "-startdate", begins,
                "-enddate", ends, "-in", base + ".csr", "-out", base + ".pem")
        return base + ".pem", base + ".key"
