"""`items`, with a rate limit added after CORSMiddleware, and so outside it: its 429 gets no CORS headers."""

from collections import Counter

from fastapi import Request
from fastapi.responses import JSONResponse
from items import app

LIMIT = 3  # requests of one client a minute; the recording takes less, so no clock is needed

seen = Counter()


@app.middleware("http")
async def limit(request: Request, call_next):
    client = request.client.host
    seen[client] += 1
    if seen[client] > LIMIT:
        return JSONResponse({"detail": "Too many requests"}, 429, headers={"Retry-After": "60"})
    return await call_next(request)
