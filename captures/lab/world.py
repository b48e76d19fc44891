"""Who is who on the loopback interface."""

from pathlib import Path

LAB = Path(__file__).resolve().parent
INSTALLED = LAB.parents[1] / "target" / "lab"  # by tests/setup

HOST = "request.example.com"  # the server, by the name that browsers know
BROWSER, SECOND_BROWSER = "127.0.0.50", "127.0.0.51"
# The load balancer's front doors, by the scheme they are for: they stand for its ports 443 and 80.
DOORS = {"https": ("127.0.0.10", 8443), "http": ("127.0.0.10", 8080)}
PROXY = "127.0.0.9"  # where its connections to the backend come from
BACKEND = ("127.0.0.20", 8000)


class Trouble(Exception):
    """Why a capture could not be recorded, in words for whoever records it."""


def written(address):
    return "{}:{}".format(*address)
