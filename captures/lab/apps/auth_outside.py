"""`items`, with a login check added after CORSMiddleware, and so outside it.

It turns away preflights, which never carry a token, and its answers get no CORS headers.
"""

from fastapi import Request
from fastapi.responses import JSONResponse
from items import app


@app.middleware("http")
async def authenticate(request: Request, call_next):
    if request.headers.get("authorization") != "Bearer swordfish":
        return JSONResponse({"detail": "Not authenticated"}, 401, headers={"WWW-Authenticate": "Bearer"})
    return await call_next(request)
