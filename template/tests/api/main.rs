//! The service as its callers and its operators see it: the real binary, over sockets.

{% if redis -%}
mod cache;
{% endif -%}
mod helpers;
mod ops;
mod orders;
mod users;
