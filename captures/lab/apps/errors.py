"""`items`, with two ways to fail.

An HTTPException passes CORSMiddleware on its way out and gets its headers there. An exception that nobody expected is
answered further out, by Starlette's ServerErrorMiddleware, and gets none.
"""

from fastapi import HTTPException
from items import app


@app.get("/orders/")
async def orders():
    raise HTTPException(403, "Not your orders")


@app.get("/reports/")
async def reports():
    raise RuntimeError("no database")
