"""`GET /v1/hello/{name}` from FastAPI: by itself, or with `SEEN=true` as a Python team makes it seen today.

`OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_TRACES_SAMPLER(_ARG)` say where traces go and how many, by the SDK's own reading.
With `DATABASE_URL` and `REDIS_URL` it also answers `GET /v1/stored/{key}`.
"""

import os
from contextlib import asynccontextmanager

import asyncpg
import redis.asyncio
from fastapi import FastAPI

DATABASE_URL = os.environ.get("DATABASE_URL")
REDIS_URL = os.environ.get("REDIS_URL")
IS_SEEN = os.environ.get("SEEN") == "true"


@asynccontextmanager
async def lifespan(app: FastAPI):
    if DATABASE_URL and REDIS_URL:
        app.state.database = await asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=10)
        app.state.redis = redis.asyncio.from_url(REDIS_URL, decode_responses=True)
    yield
    if IS_SEEN:
        seen.shut_down()


app = FastAPI(lifespan=lifespan)


@app.get("/v1/hello/{name}")
async def hello(name: str):
    return {"hello": name}


@app.get("/v1/stored/{key}")
async def stored(key: str):
    row = await app.state.database.fetchval("SELECT note FROM bench_items WHERE id = $1", key)
    return {"stored": row, "cached": await app.state.redis.get(key)}


if IS_SEEN:
    import seen

    seen.install(app)
