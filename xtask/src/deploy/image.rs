//! The Dockerfile: small, without rights, without secrets, and quick to build again.

use anyhow::Result;

use super::files::Files;
use super::pinned::is_pinned;

const FILE: &str = "Dockerfile";
const IGNORE: &str = ".dockerignore";
/// What the service reads when it runs.
const READ: [&str; 2] = ["config", "runbooks"];
/// Words that name what must not end in a layer.
const SECRET: [&str; 6] = [
    "password",
    "secret",
    "token",
    "_key",
    "_dsn",
    "database_url",
];

/// An instruction with its arguments, on one line.
struct Instruction {
    word: String,
    rest: String,
}

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let instructions = read(&files.text(FILE)?);
    let stages: Vec<_> = stages(&instructions).collect();
    let mut found = image_faults(&instructions);
    let (Some(build), Some(last)) = (stages.first(), stages.last()) else {
        return Ok(vec![files.fault(FILE, "no stage")]);
    };
    if stages.len() < 2 {
        found.push("what builds is shipped: it has one stage".to_owned());
    }
    found.extend(cache_fault(build));
    found.extend(last_stage_faults(last));
    found.extend(secret_faults(&instructions));
    let mut found: Vec<_> = found.iter().map(|fault| files.fault(FILE, fault)).collect();
    found.extend(
        ignore_faults(&files.text(IGNORE)?, &instructions).map(|fault| files.fault(IGNORE, &fault)),
    );
    Ok(found)
}

fn read(text: &str) -> Vec<Instruction> {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let joined = lines.fold(String::new(), |all, line| match line.strip_suffix('\\') {
        Some(open) => all + open,
        None => all + line + "\n",
    });
    let words = joined
        .lines()
        .filter_map(|line| line.trim().split_once(' '));
    words
        .map(|(word, rest)| Instruction {
            word: word.to_owned(),
            rest: rest.to_owned(),
        })
        .collect()
}

/// Each begins with its `FROM`.
fn stages(instructions: &[Instruction]) -> impl Iterator<Item = &[Instruction]> {
    instructions.chunk_by(|_, next| next.word != "FROM")
}

fn image_faults(instructions: &[Instruction]) -> Vec<String> {
    let images = all(instructions, "FROM").map(|from| from.split(' ').next().unwrap_or_default());
    images
        .filter(|image| !is_pinned(image))
        .map(|image| format!("the image {image} has no pinned tag"))
        .collect()
}

fn all<'i>(instructions: &'i [Instruction], word: &str) -> impl Iterator<Item = &'i str> {
    let found = instructions.iter().filter(move |it| it.word == word);
    found.map(|it| it.rest.as_str())
}

/// Dependencies are built before the sources come in.
fn cache_fault(build: &[Instruction]) -> Option<String> {
    let at = |word: &str, part: &str| {
        build
            .iter()
            .position(|it| it.word == word && it.rest.contains(part))
    };
    let order = [
        at("COPY", ".cargo"),
        at("RUN", "cargo build"),
        at("COPY", ". ."),
    ];
    let is_in_order = order.iter().all(Option::is_some) && order.is_sorted();
    (!is_in_order || at("COPY", "Cargo.lock") > at("RUN", "cargo build")).then(|| {
        "dependencies, with .cargo's frame pointers, have to be built before `COPY . .`".to_owned()
    })
}

fn last_stage_faults(last: &[Instruction]) -> Vec<String> {
    let one = |word: &str| all(last, word).last().unwrap_or_default();
    let user = one("USER").split(':').next().unwrap_or_default();
    let env = all(last, "ENV").collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    if !one("FROM").contains("distroless") {
        found.push("the last stage has to be a distroless image".to_owned());
    }
    if !user.parse::<u32>().is_ok_and(|user| user > 0) {
        found.push(format!("USER `{user}` has to be a number, and not root"));
    }
    for address in ["HTTP__ADDR=0.0.0.0:8000", "ADMIN__ADDR=0.0.0.0:9464"] {
        if !env.contains(address) {
            found.push(format!("ENV has to say {address}"));
        }
    }
    for folder in READ {
        let copy = format!("{folder} {folder}");
        if !all(last, "COPY").any(|rest| rest == copy) {
            found.push(format!(
                "`{folder}`, which the service reads, is not in the image"
            ));
        }
    }
    if !one("ENTRYPOINT").starts_with('[') {
        found.push("ENTRYPOINT has to be a list: a shell would keep the SIGTERM".to_owned());
    }
    found
}

fn secret_faults(instructions: &[Instruction]) -> Vec<String> {
    let set = all(instructions, "ARG").chain(all(instructions, "ENV"));
    let secret = set.filter(|rest| {
        let rest = rest.to_lowercase();
        SECRET.iter().any(|word| rest.contains(word))
    });
    secret
        .map(|rest| format!("`{rest}` stays in a layer"))
        .collect()
}

/// Nothing is in the context but what is named, and all that is copied is.
fn ignore_faults<'f>(
    ignore: &'f str,
    instructions: &'f [Instruction],
) -> impl Iterator<Item = String> + 'f {
    let first = ignore.lines().find(|line| !line.starts_with('#'));
    let open = (first != Some("*")).then(|| "has to begin with `*`".to_owned());
    let kept = |file: &str| ignore.lines().any(|line| line == format!("!{file}"));
    let leaked = [".env", "ops", "data", "."]
        .into_iter()
        .filter(move |file| kept(file));
    let leaked = leaked.map(|file| format!("`{file}` has no place in an image"));
    let copied = all(instructions, "COPY").filter(|rest| !rest.starts_with("--from"));
    let copied = copied.flat_map(sources).filter(|file| *file != ".");
    let lost = copied.filter(move |file| !kept(file));
    let lost = lost.map(|file| format!("`{file}` is copied, and kept out"));
    open.into_iter().chain(leaked).chain(lost)
}

fn sources(rest: &str) -> Vec<&str> {
    let mut words: Vec<_> = rest.split(' ').collect();
    words.pop();
    words
}
