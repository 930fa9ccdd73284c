"""Lines by structlog, metrics by prometheus-fastapi-instrumentator, traces by OpenTelemetry's instrumentation."""

import logging
import sys
import time
import uuid

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_fastapi_instrumentator import Instrumentator

log = structlog.get_logger()


def add_trace(_, __, event):
    """The ids of the running span, as OpenTelemetry's own page on logs has them."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
        event["span_id"] = format(context.span_id, "016x")
    return event


def write_lines():
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_trace,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )


class AccessLog:
    """One line for each request, as an ASGI middleware: Starlette's BaseHTTPMiddleware would cost more."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 500

        async def watch(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=str(uuid.uuid4()), method=scope["method"], path=scope["path"]
        )
        try:
            await self.app(scope, receive, watch)
        finally:
            duration_ms = (time.perf_counter() - began) * 1000
            log.info("request_completed", status_code=status, duration_ms=duration_ms)


def install(app):
    write_lines()
    provider = TracerProvider(resource=Resource.create({"service.name": "fastapi"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(insecure=True)))
    trace.set_tracer_provider(provider)
    AsyncPGInstrumentor().instrument()
    RedisInstrumentor().instrument()
    app.add_middleware(AccessLog)
    Instrumentator().instrument(app).expose(app)
    FastAPIInstrumentor.instrument_app(app, excluded_urls="metrics")


def shut_down():
    trace.get_tracer_provider().shutdown()
