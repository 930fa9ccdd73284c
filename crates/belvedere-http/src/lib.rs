//! The axum side of Belvedere: observe layer, problems, extractors, server, outbound client.
