"""A browser as the wire knows it: what Chromium 156 on Linux sends over HTTP/1.1 for the calls of a page, header for
header, and how far it goes: preflights, redirects, the CORS check, mixed content.

It does what the scenarios need and no more. The page is always foreign to the server: every call is cross-origin.
"""

import http.client
import socket
import ssl
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from lab.world import DOORS, HOST

USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36"
)
HINTS = {
    "sec-ch-ua": '"Not:A-Brand";v="8", "Chromium";v="156"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
}
ACCEPT_DOCUMENT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)

# The order of the headers in each kind of request; none has all of them. X-Custom is what a page adds.
CALL = (
    "Host Connection Content-Length X-Custom sec-ch-ua-platform Authorization User-Agent sec-ch-ua Content-Type "
    "sec-ch-ua-mobile Accept Origin Sec-Fetch-Site Sec-Fetch-Mode Sec-Fetch-Dest Referer Accept-Encoding "
    "Accept-Language Cookie If-None-Match"
).split()
PREFLIGHT = (
    "Host Connection Accept Access-Control-Request-Method Access-Control-Request-Headers Origin User-Agent "
    "Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-Dest Referer Accept-Encoding Accept-Language"
).split()
NAVIGATION = (
    "Host Connection sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform Upgrade-Insecure-Requests User-Agent Accept "
    "Sec-Fetch-Site Sec-Fetch-Mode Sec-Fetch-User Sec-Fetch-Dest Accept-Encoding Accept-Language"
).split()
# A hop over plain http sheds the sec-ch-ua headers. A navigation that comes back to https puts them further down.
NAVIGATION_AFTER_HTTP = (
    "Host Connection Upgrade-Insecure-Requests User-Agent Accept Sec-Fetch-Site Sec-Fetch-Mode Sec-Fetch-User "
    "Sec-Fetch-Dest sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform Accept-Encoding Accept-Language"
).split()

REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Call:
    """What a page asks, and what must come of it: every status met on the way, then what stopped it, if anything."""

    method: str
    path: str
    comes_to: str
    headers: dict = field(default_factory=dict)
    body: str = ""
    mode: str = "cors"
    cookie: str = ""  # goes along because the page says `credentials: "include"`


class Stopped(Exception):
    """Where the browser goes no further, and why."""


class Browser:
    def __init__(self, address, page, certificate):
        self.address = address
        self.page = page
        self.tls = ssl.create_default_context(cafile=certificate)
        self.connections = {}
        self.preflighted = set()

    def close(self):
        for connection in self.connections.values():
            connection.close()

    def carry_out(self, call):
        """What comes of the call, in the words of `Call.comes_to`."""
        trail = []
        try:
            for status in self.hops(Fetch(self.page, call)):
                trail.append(str(status))
        except Stopped as why:
            trail.append(str(why))
        return ", ".join(trail)

    def hops(self, fetch):
        """Goes from redirect to redirect, and yields the status of every response."""
        while True:
            if fetch.is_mixed_content():
                raise Stopped("mixed content")
            if fetch.needs_preflight():
                # The second time Chromium would look into its preflight cache, which is missing here.
                assert fetch.url not in self.preflighted, "this scenario needs a preflight cache"
                self.preflighted.add(fetch.url)
                response = self.send("OPTIONS", fetch, fetch.preflight_headers())
                yield response.status
                fetch.check_preflight(response)
            response = self.send(fetch.method, fetch, fetch.headers(), fetch.body)
            yield response.status
            fetch.check(response)
            if response.status not in REDIRECTS:
                return
            fetch.follow(response.status, response.headers["Location"])

    def send(self, method, fetch, headers, body=""):
        url = urlsplit(fetch.url)
        connection = self.connection(url.scheme, fetch.with_credentials)
        connection.putrequest(method, url.path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body.encode())
        response = connection.getresponse()
        response.read()
        return response

    def connection(self, *kind):
        """The open connection of that kind: Chromium has one for calls with credentials, another for those without."""
        if kind not in self.connections or self.connections[kind].sock is None:
            scheme, _ = kind
            door = socket.create_connection(DOORS[scheme], timeout=10, source_address=(self.address, 0))
            door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if scheme == "https":
                door = self.tls.wrap_socket(door, server_hostname=HOST)
            self.connections[kind] = http.client.HTTPConnection(HOST)
            self.connections[kind].sock = door
        return self.connections[kind]


class Fetch:
    """A call under way: what the next request is, and whether its response lets it go on."""

    def __init__(self, page, call):
        self.page = page
        self.mode = call.mode
        self.cookie = call.cookie
        self.with_credentials = bool(call.cookie)
        self.url = f"https://{HOST}{call.path}"
        self.method = call.method
        self.own_headers = dict(call.headers)
        self.body = call.body
        self.origin = page
        self.has_been_on_http = False

    def is_mixed_content(self):
        return self.mode != "navigate" and self.page.startswith("https:") and self.url.startswith("http:")

    def needs_preflight(self):
        return self.mode == "cors" and (self.method not in ("GET", "HEAD", "POST") or bool(self.unsafe_headers()))

    def unsafe_headers(self):
        """The names a preflight must ask for. If-None-Match is none: the browser's cache adds it, not the page."""
        return sorted(name.lower() for name in self.own_headers if name != "If-None-Match")

    def headers(self):
        https, navigates = self.url.startswith("https:"), self.mode == "navigate"
        values = self.common_headers() | self.own_headers
        if self.body:
            values["Content-Length"] = str(len(self.body))
        if self.cookie:
            values["Cookie"] = self.cookie
        if self.mode == "cors":
            values["Origin"] = self.origin
        if navigates:
            values |= {"Accept": ACCEPT_DOCUMENT, "Upgrade-Insecure-Requests": "1"}
        if https and (navigates or not self.has_been_on_http):
            values |= HINTS
        if not navigates:
            return in_order(values, CALL)
        return in_order(values, NAVIGATION_AFTER_HTTP if self.has_been_on_http else NAVIGATION)

    def preflight_headers(self):
        values = self.common_headers() | {"Access-Control-Request-Method": self.method, "Origin": self.origin}
        if names := self.unsafe_headers():
            values["Access-Control-Request-Headers"] = ",".join(names)
        return in_order(values, PREFLIGHT)

    def common_headers(self):
        values = {
            "Host": HOST,
            "Connection": "keep-alive",
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            "Accept-Language": "en-US,en;q=0.9",
        }
        if self.mode != "navigate":
            values["Referer"] = f"{self.page}/"
        if self.url.startswith("https:"):
            values["Accept-Encoding"] = "gzip, deflate, br, zstd"
            values |= self.fetch_metadata()
        return values

    def fetch_metadata(self):
        if self.mode == "navigate":  # typed into the address bar
            kind = {"Site": "none", "Mode": "navigate", "User": "?1", "Dest": "document"}
        else:
            # The page and the server share their site, example.com, unless the page is on http.
            site = "same-site" if self.page.startswith("https:") else "cross-site"
            kind = {"Site": site, "Mode": self.mode, "Dest": "empty"}
        return {f"Sec-Fetch-{name}": value for name, value in kind.items()}

    def check_preflight(self, response):
        if response.status in REDIRECTS:
            raise Stopped("preflight redirected")
        self.check(response)
        if not 200 <= response.status <= 299:
            raise Stopped("preflight refused")
        methods = listed(response, "Access-Control-Allow-Methods")
        headers = [name.lower() for name in listed(response, "Access-Control-Allow-Headers")]
        if self.method not in ("GET", "HEAD", "POST", *methods) or set(self.unsafe_headers()) - set(headers):
            raise Stopped("method or header not allowed")

    def check(self, response):
        """The CORS check."""
        if self.mode != "cors":
            return
        allowed = response.headers.get_all("Access-Control-Allow-Origin", [])
        if allowed == ["*"]:
            if self.with_credentials:
                raise Stopped("wildcard with credentials")
            return
        if allowed != [self.origin]:
            raise Stopped("origin not allowed")
        if self.with_credentials and response.headers["Access-Control-Allow-Credentials"] != "true":
            raise Stopped("credentials not allowed")

    def follow(self, status, location):
        """Turns to where a redirect points."""
        was, self.url = self.url, urljoin(self.url, location)
        if origin(self.url) != origin(was):
            # The second change of origin; the first was from the page to the server.
            self.origin = "null"
            self.own_headers.pop("Authorization", None)
        if self.method == "POST" and status in (301, 302) or self.method not in ("GET", "HEAD") and status == 303:
            self.method, self.body = "GET", ""
            self.own_headers.pop("Content-Type", None)
        if self.url.startswith("http:"):
            self.has_been_on_http = True


def in_order(values, order):
    assert values.keys() <= set(order), f"no place for {values.keys() - set(order)}"
    return [(name, values[name]) for name in order if name in values]


def listed(response, name):
    return [item.strip() for line in response.headers.get_all(name, []) for item in line.split(",")]


def origin(url):
    """A browser's idea of an origin, in which https://host:443 is https://host."""
    url = urlsplit(url)
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}[url.scheme]
