//! The service as its callers and its operators see it: the real binary, over sockets.

{% if redis -%}
mod cache;
{% endif -%}
{% if grpc -%}
mod grpc;
{% endif -%}
mod helpers;
{% if jobs -%}
mod jobs;
{% endif -%}
mod metrics;
mod ops;
mod orders;
mod users;
