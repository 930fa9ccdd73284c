//! Logs, traces and metrics of a Belvedere service: the SDK side.
