"""One capture, begun before the first packet and ended after the last."""

import signal
import subprocess
from contextlib import contextmanager

from lab.programs import ENVIRONMENT, require, run, running, wait_until
from lab.world import BACKEND, BROWSER, DOORS, PROXY, Trouble

# The hop between load balancer and backend is the one to capture. In front of the load balancer all is encrypted.
BACKEND_HOP = f"host {PROXY} and host {BACKEND[0]} and tcp port {BACKEND[1]}"
BROWSER_HOP = f"host {BROWSER} and host {DOORS['https'][0]} and tcp port {DOORS['https'][1]}"

class Lossy(Trouble):
    """The machine was too busy to capture every packet: another try may do better."""


FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10


@contextmanager
def capturing(file, interface, hop):
    """Captures into `file` while the block lasts, and then until every connection has ended."""
    require("tshark")
    capture = dumpcap if file.suffix == ".pcapng" else tcpdump
    with capture(file, interface, hop):
        yield
        wait_until(lambda: has_ended(file), lambda: f"{file.name} still has open connections")
    if lost := run("tshark", "-r", str(file), "-Y", "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment"):
        raise Lossy(f"packets are missing from {file.name}; tshark noticed it here:\n{lost}")


def dumpcap(file, interface, hop):
    command = ["dumpcap", "-q", "-i", interface, "-f", hop, "-w", str(file)]
    # It names its file once the interface is open.
    return running(command, lambda words: "File: " in words, farewell=signal.SIGINT)


@contextmanager
def tcpdump(file, interface, hop):
    # "any" means all interfaces at once, for which Linux has a link layer of its own.
    link_layer = ["-y", "LINUX_SLL2"] if interface == "any" else []
    command = ["tcpdump", "-n", "-i", interface, *link_layer, "--immediate-mode", "-U", "-w", "-", hop]
    # It writes to a file that is already open: started by root, it becomes a user who could not open one here.
    with file.open("wb") as output:
        with running(command, lambda words: "listening on" in words, output=output, farewell=signal.SIGINT):
            yield


def has_ended(file):
    """Is every connection in the capture complete, from its SYN to the answer to its last FIN, or to a reset?"""
    connections = {}
    for connection, source, flags in packets(file):
        connections.setdefault(connection, []).append((source, flags))
    for (_, first), *_ in connections.values():
        if first & (SYN | ACK) != SYN:
            raise Trouble(f"{file.name} lacks the beginning of a connection")
    return bool(connections) and all(map(is_closed, connections.values()))


def is_closed(connection):
    has_said_fin = {source for source, flags in connection if flags & FIN}
    _, last = connection[-1]
    return len(has_said_fin) == 2 and not last & FIN or any(flags & RST for _, flags in connection)


def packets(file):
    """Connection, source port and TCP flags of every packet so far."""
    command = ["tshark", "-r", str(file), "-T", "fields", "-e", "tcp.stream", "-e", "tcp.srcport", "-e", "tcp.flags"]
    # The last packet may be half written, at which tshark fails after it has listed the others.
    table = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    for line in table.splitlines():
        connection, source, flags = line.split("\t")
        yield connection, source, int(flags, 16)
