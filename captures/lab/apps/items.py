"""A list of items behind CORSMiddleware: the application of most captures, and nothing is wrong with it.

A path with a slash too many or too few is answered by Starlette's router with a redirect to the right one. The router
writes it from the scheme the server believes in, so what the redirect says is up to how the server is started.
"""

import os

from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel

PAGE = "https://client.example.com"
ORIGIN = os.environ.get("ALLOW_ORIGIN", PAGE)


class Item(BaseModel):
    name: str


app = FastAPI()
app.add_middleware(
    CORSMiddleware,
    allow_origins=[ORIGIN],
    allow_credentials=ORIGIN != "*",
    allow_methods=["*"],
    allow_headers=["*"],
)


@app.get("/items/")
async def items():
    return [{"id": 1, "name": "lamp"}, {"id": 2, "name": "desk"}]


@app.post("/items/", status_code=201)
async def create(item: Item):
    return {"id": 3, "name": item.name}


@app.put("/items/{number}")
async def replace(number: int, item: Item):
    return {"id": number, "name": item.name}


@app.delete("/items/{number}", status_code=204)
async def delete(number: int):
    return Response(status_code=204)
