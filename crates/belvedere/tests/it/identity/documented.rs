//! The commands of `docs/SECURITY.md` do what it says.

use std::process::Command;

use super::guarded;

const PAGE: &str = include_str!("../../../../../docs/SECURITY.md");

/// The block of shell below the heading.
fn commands(heading: &str) -> &'static str {
    let (_, below) = PAGE.split_once(heading).expect("the page has the heading");
    let (_, begin) = below
        .split_once("```sh\n")
        .expect("commands stand below it");
    begin.split_once("```").expect("the block has an end").0
}

fn run(script: &str, secret: &str) -> String {
    let output = Command::new("sh")
        .args(["-ec", script])
        .env("AUTH__JWT_SECRET", secret)
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{output:?}");
    said
}

#[tokio::test]
async fn a_token_made_as_the_page_says_is_taken() {
    let secret = "0123456789abcdef0123456789abcdef";
    let service = guarded()
        .variable("AUTH__JWT_ISSUER", "https://issuer.example")
        .variable("AUTH__JWT_AUDIENCE", "shop")
        .variable("AUTH__JWT_SECRET", secret)
        .start()
        .unwrap();
    let here = service.http().to_string();
    let script = commands("## From headers to tokens").replace("127.0.0.1:8000", &here);
    assert!(script.contains(&here), "the page calls the service");
    let said = run(&script, secret);
    assert!(
        said.contains("200 OK") && said.contains("acme ada"),
        "{said}"
    );
}
