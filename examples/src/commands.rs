//! The commands file.

use std::path::Path;

use anyhow::{Context as _, bail};
use dm_package::{Command, Json, JsonKind, Limits, Package2, Strictness};
use dm_session::tree::DEV_INFO;

use crate::server::Plan;

/// What a server asks if nobody tells it: who is there?
pub(crate) fn default_plan() -> anyhow::Result<Plan> {
    Ok(vec![vec![Command::get(format!("{DEV_INFO}//"))?]])
}

/// Reads a commands file. `{server}` and `{repo}` stand for the URIs of this server.
pub(crate) fn read(file: &Path, server: &str, repo: &str) -> anyhow::Result<Plan> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    parse(&text.replace("{server}", server).replace("{repo}", repo)).with_context(|| file.display().to_string())
}

/// One Package#2 or an array of them, strictly read; every command is checked.
fn parse(text: &str) -> anyhow::Result<Plan> {
    let json = Json::parse(text)?;
    let packages: Vec<Json<'_>> = match json.kind() {
        JsonKind::Array => json.elements().collect(),
        _ => vec![json],
    };
    let mut plan = Vec::new();
    for (round, package) in packages.iter().enumerate() {
        let place = || format!("package {}", round + 1);
        let parsed = Package2::parse_with(package.raw().as_bytes(), Strictness::Strict, &Limits::DEFAULT);
        let commands = parsed.with_context(place)?.value.into_owned().commands;
        for (index, command) in commands.iter().enumerate() {
            let place = || format!("{}, command {} ({})", place(), index + 1, command.name());
            command.check().with_context(place)?;
            let last = index + 1 == commands.len();
            if matches!(command, Command::End) && !(last && round + 1 == packages.len()) {
                bail!("{}: END must be the last command of all", place());
            }
        }
        plan.push(commands);
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_or_several() {
        assert_eq!(parse(r#"{"CMD":[["GET","urn:x:y//"]]}"#).unwrap().len(), 1);
        let plan = parse(r#"[{"CMD":[["GET","urn:x:y//"]]},{"CMD":[["SHOW","http://a/b"],["END"]]}]"#).unwrap();
        assert_eq!((plan.len(), plan[1].len(), plan[1][1].name()), (2, 2, "END"));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (text, error) in [
            ("{", "input ends too early at byte 1"),
            ("7", "package 1: value of the wrong type at byte 0"),
            (r#"{"CMD":[["REBOOT"]]}"#, "package 1, command 1 (REBOOT): unknown command at byte 0"),
            (r#"{"CMD":[["GET"]]}"#, "package 1, command 1 (): malformed command at byte 0"),
            (r#"{"CMD":[["GET","urn:x"]]}"#, "package 1, command 1 (GET): ClientURI is incomplete at byte 5"),
            (r#"[{"CMD":[["END"]]},{"CMD":[]}]"#, "package 1, command 1 (END): END must be the last command of all"),
        ] {
            assert_eq!(format!("{:#}", parse(text).unwrap_err()), error, "{text}");
        }
    }
}
