"""Calls the probe as a stranger would: by grpcio, which shares no line with it. Prints what it saw as JSON."""

import json
import sys

import grpc


def text(value):
    """A message whose first field is a short text."""
    return b"\x0a" + bytes([len(value)]) + value.encode()


def call(channel, path, message, **more):
    return channel.unary_unary(path)(message, timeout=20, **more)


with grpc.insecure_channel(sys.argv[1]) as channel:
    metadata = (("traceparent", sys.argv[2]),)
    who = call(channel, "/probe.v1.Probe/Unary", text("who"), metadata=metadata)
    stream = channel.unary_stream("/probe.v1.Probe/Download")(text("fine"), timeout=20)
    health = call(channel, "/grpc.health.v1.Health/Check", b"")
    try:
        call(channel, "/probe.v1.Probe/Unary", text("missing"))
        failure = None
    except grpc.RpcError as error:
        failure = error
    details = dict(failure.trailing_metadata())["grpc-status-details-bin"]
    print(
        json.dumps(
            {
                "who": who[2:].decode(),
                "messages": len(list(stream)),
                "serving": health == b"\x08\x01",
                "code": failure.code().name,
                "message": failure.details(),
                "details": details.decode("latin-1"),
            }
        )
    )
