"""CORS headers written by hand: any origin, and credentials too. A browser takes `*` only without credentials."""

from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/items/")
async def items(response: Response):
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return [{"id": 1, "name": "lamp"}]
