"""An nginx on this machine in front of a site's processes, with the configuration of deploy/nginx.conf and TLS."""

import ipaddress
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from lms.lib.ports import HOST
from lms.lib.self_signed import self_signed
from lms.testing import servers

# What nginx wants to be told when no distribution has told it.
FRAME = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/proxy-body;
    proxy_temp_path {folder}/proxy-temp;
    fastcgi_temp_path {folder}/proxy-fastcgi;
    uwsgi_temp_path {folder}/proxy-uwsgi;
    scgi_temp_path {folder}/proxy-scgi;
    upstream web {{ {webs} }}
    {site}
}}
"""


def nginx() -> str | None:
    """Return the path of an nginx, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def certificate(folder: Path) -> Path:
    """Make a certificate for this machine's own name and address, with its key beside it; return where it is."""
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))])
    secret, made = self_signed("localhost", timedelta(days=7), [(names, False)])
    path = folder / "tls.pem"
    path.write_bytes(made)
    (folder / "tls.key").write_bytes(secret)
    return path


@contextmanager
def serving(folder: Path, port: int, webs: list[int], sockets: int) -> Iterator[None]:
    """Serve TLS at `port` with the certificate of `folder`, in front of these processes."""
    path = folder / "nginx.conf"
    path.write_text(configuration(folder, port, webs, sockets))
    command = [str(nginx()), "-p", str(folder), "-c", str(path), "-e", str(folder / "nginx.log")]
    with servers.running_command(command):
        yield


def configuration(folder: Path, port: int, webs: list[int], sockets: int) -> str:
    """Return deploy/nginx.conf with this machine's addresses in place of the containers'."""
    site = (servers.ROOT / "deploy" / "nginx.conf").read_text()
    for there, here in {
        "listen 80;": f"listen {HOST}:{port} ssl; ssl_certificate tls.pem; ssl_certificate_key tls.key;",
        "http://web:8000": "http://web",
        "http://sockets:8001": f"http://{HOST}:{sockets}",
        "$host;": "$http_host;",  # with its port, which is not the usual one
        "$http_x_forwarded_proto": "https",
        "/dev/stdout": f"{folder}/access.log",
    }.items():
        if there not in site:
            raise ValueError(f"deploy/nginx.conf says {there} no longer")
        site = site.replace(there, here)
    upstream = " ".join(f"server {HOST}:{web};" for web in webs)
    return FRAME.format(folder=folder, webs=upstream, site=site)
