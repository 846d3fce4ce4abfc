"""An nginx with TLS in front of the site's processes, configured by deploy/nginx.conf."""

import ipaddress
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from core.site.self_signed import create_self_signed
from tools.ports import HOST
from tools.testing import servers

# The part of the configuration that a distribution's nginx.conf contains.
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


def find_nginx() -> str | None:
    """Return the path of nginx, or None if it isn't installed."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def write_certificate(folder: Path) -> Path:
    """Write a certificate for localhost and its key to `folder`; return the path of the certificate."""
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))])
    key, certificate = create_self_signed("localhost", timedelta(days=7), [(names, False)])
    path = folder / "tls.pem"
    path.write_bytes(certificate)
    (folder / "tls.key").write_bytes(key)
    return path


@contextmanager
def run_nginx(folder: Path, port: int, webs: list[int], sockets: int) -> Iterator[None]:
    """Run nginx with TLS on `port` and the certificate of `folder`, in front of the processes on the other ports."""
    path = folder / "nginx.conf"
    path.write_text(nginx_configuration(folder, port, webs, sockets))
    command = [str(find_nginx()), "-p", str(folder), "-c", str(path), "-e", str(folder / "nginx.log")]
    with servers.run_command(command):
        yield


def nginx_configuration(folder: Path, port: int, webs: list[int], sockets: int) -> str:
    """Return deploy/nginx.conf with local addresses in place of those of the containers."""
    site = (servers.ROOT / "deploy" / "nginx.conf").read_text()
    for original, replacement in {
        "listen 80;": f"listen {HOST}:{port} ssl; ssl_certificate tls.pem; ssl_certificate_key tls.key;",
        "http://web:8000": "http://web",
        "http://sockets:8001": f"http://{HOST}:{sockets}",
        "$host;": "$http_host;",  # includes the port, which isn't 443
        "$http_x_forwarded_proto": "https",
        "/dev/stdout": f"{folder}/access.log",
    }.items():
        if original not in site:
            raise ValueError(f"deploy/nginx.conf no longer contains {original}")
        site = site.replace(original, replacement)
    upstream = " ".join(f"server {HOST}:{web};" for web in webs)
    return FRAME.format(folder=folder, webs=upstream, site=site)
