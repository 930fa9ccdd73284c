//! What is made of files that are right, and said of files that are not.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

use std::{fs, path::Path};

use belvedere_grpc_build::{BuildError, compile_into};

const ORDERS: &str = r#"syntax = "proto3";
package orders.v1;
import "google/protobuf/timestamp.proto";
import "parts/money.proto";
service OrderService {
  rpc GetOrder(Order) returns (Order);
}
// An order.
message Order {
  google.protobuf.Timestamp created_at = 1;
  parts.Money total = 2;
}
"#;
const MONEY: &str = "syntax = \"proto3\";\npackage parts;\nmessage Money { int64 cents = 1; }\n";

fn compiled(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<(), BuildError>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join("proto").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let made = compile_into(folder.path().join("proto"), folder.path());
    (folder, made)
}

fn read(folder: &Path, name: &str) -> String {
    String::from_utf8_lossy(&fs::read(folder.join(name)).unwrap()).into_owned()
}

#[test]
fn a_folder_becomes_code_for_both_sides_and_a_descriptor_set() {
    let (folder, made) = compiled(&[("orders.proto", ORDERS), ("parts/money.proto", MONEY)]);
    made.unwrap();
    let code = read(folder.path(), "orders.v1.rs");
    for wanted in [
        "pub mod order_service_client",
        "pub mod order_service_server",
        "::prost_types::Timestamp",
        "/// An order.",
    ] {
        assert!(code.contains(wanted), "{wanted}: {code}");
    }
    assert!(read(folder.path(), "parts.rs").contains("pub struct Money"));
    let descriptors = read(folder.path(), "descriptors.bin");
    for wanted in [
        "OrderService",
        "parts/money.proto",
        "google/protobuf/timestamp.proto",
    ] {
        assert!(descriptors.contains(wanted), "{wanted}");
    }
}

#[test]
fn a_mistake_is_told_with_its_file() {
    let wrong = ORDERS.replace("(Order) returns", "(Odrer) returns");
    let (_folder, made) = compiled(&[("orders.proto", &wrong), ("parts/money.proto", MONEY)]);
    let told = format!("{:?}", made.unwrap_err());
    assert!(told.contains("Odrer"), "{told}");
    assert!(told.contains("orders.proto"), "{told}");
}

#[test]
fn a_folder_without_files_is_named() {
    let (_folder, made) = compiled(&[("readme.md", "")]);
    let told = made.unwrap_err().to_string();
    assert!(told.ends_with("proto has no .proto file"), "{told}");
}
