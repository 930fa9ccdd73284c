//! `proto/` becomes code: without protoc, and without a network.

fn main() -> Result<(), belvedere_grpc_build::BuildError> {
    belvedere_grpc_build::compile("proto")
}
