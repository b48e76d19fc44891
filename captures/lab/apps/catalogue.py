"""`items`, with answers of every shape: streamed, compressed, without a body, not modified."""

import asyncio

from fastapi import Request, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import StreamingResponse
from items import app

app.add_middleware(GZipMiddleware, minimum_size=500)

VERSION = '"1"'


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.api_route("/catalogue/", methods=["GET", "HEAD"])
async def catalogue(request: Request, response: Response):
    if request.headers.get("if-none-match") == VERSION:
        return Response(status_code=304, headers={"ETag": VERSION})
    response.headers["ETag"] = VERSION
    response.headers["Cache-Control"] = "no-cache"
    return [{"id": number, "name": f"item {number}", "stock": number * 7919 % 100} for number in range(100)]


@app.get("/events/")
async def events():
    async def lines():
        for number in range(5):
            yield f"data: event {number}\n\n"
            await asyncio.sleep(0.2)

    return StreamingResponse(lines(), media_type="text/event-stream")
