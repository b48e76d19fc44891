"""The load balancer: a real HAProxy in the part of an AWS Application Load Balancer (haproxy.cfg)."""

import http.client
import time
from contextlib import closing, contextmanager

from lab.programs import run, serving
from lab.world import BACKEND, DOORS, HOST, LAB, PROXY, Trouble, written


@contextmanager
def load_balancer(certificate):
    environment = {
        "CERTIFICATE": str(certificate),
        "HTTPS": written(DOORS["https"]),
        "HTTP": written(DOORS["http"]),
        "PROXY": PROXY,
        "BACKEND": written(BACKEND),
    }
    with serving(["haproxy", "-db", "-f", str(LAB / "haproxy.cfg")], *DOORS.values(), environment=environment):
        yield


def certify(folder):
    """A certificate for the host and its key, in one file as HAProxy wants it."""
    file = folder / f"{HOST}.pem"
    new_certificate = "openssl req -x509 -nodes -days 1 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split()
    name = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    run(*new_certificate, *name, "-keyout", str(file), "-out", str(file))
    return file


def check_health():
    """Three health checks as an ALB makes them: on connections of their own, without any forwarded header."""
    for number in range(3):
        if number:
            time.sleep(0.5)  # the interval of the checks
        with closing(http.client.HTTPConnection(*BACKEND, timeout=10, source_address=(PROXY, 0))) as connection:
            connection.putrequest("GET", "/health", skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", written(BACKEND))
            connection.putheader("Connection", "close")
            connection.putheader("User-Agent", "ELB-HealthChecker/2.0")
            connection.putheader("Accept-Encoding", "gzip, compressed")
            connection.endheaders()
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise Trouble(f"the backend answered a health check with {response.status}")
