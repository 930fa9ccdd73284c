//! Dev-only: run a Belvedere service in a test and look at what it leaves behind.
