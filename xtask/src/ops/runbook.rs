//! One runbook, taken apart: `template/runbooks/README.md` tells its form.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The sections, in their order.
pub(crate) const SECTIONS: [&str; 8] = [
    "Meaning",
    "Impact",
    "Confirm",
    "Diagnose",
    "Mitigate",
    "Verify",
    "Escalate",
    "Background",
];

/// A fence with shell in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Of the fence that opens it, from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
    /// Marked `sh undo`.
    pub(crate) is_undo: bool,
}

/// What stands below one heading `### cause: ..`.
#[derive(Debug)]
pub(crate) struct Cause {
    pub(crate) id: String,
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
}

/// What stands below one heading `## ..`, causes apart.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) blocks: Vec<Block>,
    pub(crate) causes: Vec<Cause>,
}

/// A runbook.
#[derive(Debug)]
pub(crate) struct Runbook {
    pub(crate) title: String,
    /// What stands before the first section: the set-up.
    pub(crate) setup: Vec<Block>,
    pub(crate) sections: Vec<Section>,
}

impl Runbook {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut runbook = Self {
            title: String::new(),
            setup: Vec::new(),
            sections: Vec::new(),
        };
        let mut open: Option<Block> = None;
        for (at, line) in text.lines().enumerate() {
            match (&mut open, line) {
                (Some(_), "```") => runbook.add(open.take()),
                (Some(block), line) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, "```sh" | "```sh undo") => open = Some(Block::begin(at + 1, line)),
                (None, line) => runbook.read_line(at + 1, line)?,
            }
        }
        match open {
            Some(block) => bail!("line {}: a block that does not end", block.line),
            None => Ok(runbook),
        }
    }

    fn read_line(&mut self, line: usize, text: &str) -> Result<()> {
        if text.starts_with("```") {
            bail!("line {line}: a block that is marked neither `sh` nor `sh undo`");
        }
        if let Some(title) = text.strip_prefix("# ") {
            self.title = title.to_owned();
        } else if let Some(name) = text.strip_prefix("## ") {
            self.sections.push(Section {
                name: name.to_owned(),
                line,
                blocks: Vec::new(),
                causes: Vec::new(),
            });
        } else if let Some(heading) = text.strip_prefix("### ") {
            self.begin_cause(line, heading)?;
        } else if let Some(cause) = self.last_cause() {
            cause.text.push_str(text);
            cause.text.push('\n');
        }
        Ok(())
    }

    fn begin_cause(&mut self, line: usize, heading: &str) -> Result<()> {
        let id = heading.split_once(": ").map_or("", |(id, _)| id);
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(is_id) {
            bail!("line {line}: a cause is `### its-id: in words`");
        }
        let Some(section) = self.sections.last_mut() else {
            bail!("line {line}: a cause outside of Diagnose and Mitigate");
        };
        section.causes.push(Cause {
            id: id.to_owned(),
            line,
            text: String::new(),
            blocks: Vec::new(),
        });
        Ok(())
    }

    fn last_cause(&mut self) -> Option<&mut Cause> {
        self.sections.last_mut()?.causes.last_mut()
    }

    fn add(&mut self, block: Option<Block>) {
        let blocks = match self.sections.last_mut() {
            None => &mut self.setup,
            Some(Section { blocks, causes, .. }) => {
                causes.last_mut().map_or(blocks, |cause| &mut cause.blocks)
            }
        };
        blocks.extend(block);
    }

    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// All that a shell is to read, in the order of the file.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        let below = self.sections.iter().flat_map(|section| {
            let causes = section.causes.iter().flat_map(|cause| &cause.blocks);
            section.blocks.iter().chain(causes)
        });
        self.setup.iter().chain(below)
    }
}

impl Block {
    fn begin(line: usize, fence: &str) -> Self {
        Self {
            line,
            text: String::new(),
            is_undo: fence.ends_with("undo"),
        }
    }

    /// The line after the fence that closes it.
    pub(crate) fn end(&self) -> usize {
        self.line + self.text.lines().count() + 1
    }
}
