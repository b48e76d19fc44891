"""`items`, mended in code: it believes the load balancer, and nobody else, about the scheme."""

from items import app
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

# What is added last is outermost: everything within sees the scheme that the browser used.
app.add_middleware(ProxyHeadersMiddleware, trusted_hosts="127.0.0.9")
