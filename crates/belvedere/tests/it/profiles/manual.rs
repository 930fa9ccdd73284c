//! What the documentation tells operators to type, typed.

use std::{fs, process::Command};

use super::{HOT, Load, burning, format};

const PROFILES: &str = include_str!("../../../../../docs/PROFILES.md");
const DOCUMENTED: &str = "127.0.0.1:9464";
const TOKEN: &str = "correct-horse-battery";

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_taken_as_the_documentation_shows() {
    let service = burning()
        .variable("ADMIN__TOKEN", TOKEN)
        .variable("_RJEM_MALLOC_CONF", "prof:true");
    let service = service.start().unwrap();
    let _load = Load::on(&service, &["/burn/2000"]);
    let blocks = PROFILES
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next());
    let calls: String = blocks.filter(|block| block.contains(DOCUMENTED)).collect();
    let calls = calls
        .replace(DOCUMENTED, &service.admin().to_string())
        .replace("seconds=30", "seconds=2");
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-ec", &calls])
        .env("ADMIN_TOKEN", TOKEN)
        .current_dir(&folder);
    let output = tokio::task::spawn_blocking(move || shell.output())
        .await
        .unwrap()
        .unwrap();
    assert!(
        output.status.success(),
        "{calls}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let graph = fs::read_to_string(folder.path().join("cpu.svg")).unwrap();
    assert!(graph.contains(HOT), "{graph}");
    for name in ["cpu.pb.gz", "heap.pb.gz"] {
        format::read(&fs::read(folder.path().join(name)).unwrap());
    }
}
