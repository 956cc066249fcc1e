//! The orders file: what a server of DM 1.2 wants done, round by round.

use std::mem::take;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use dm_session::dm1::{Interaction, InteractionKind, Task};
use dm_session::tree::dm1::{Command, Content, Data};
use dm_syncml::UiOptions;
use serde::Deserialize;

use crate::input::unbase64;

/// The tasks of a session, one list for each round.
pub(crate) type Plan = Vec<Vec<Task>>;

/// What a server asks if nobody tells it.
pub(crate) fn default_plan() -> Plan {
    vec![vec![Command::get("./DevDetail/SwV").into()]]
}

/// Reads an orders file. Files that it names are found from where it is.
pub(crate) fn read(file: &Path) -> anyhow::Result<Plan> {
    let place = || file.display().to_string();
    let text = std::fs::read(file).with_context(place)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    parse(&text, folder).with_context(place)
}

fn parse(text: &[u8], folder: &Path) -> anyhow::Result<Plan> {
    let rounds: Vec<Vec<Form>> = serde_json::from_slice(text)?;
    let mut plan = Vec::new();
    for (round, forms) in rounds.into_iter().enumerate() {
        let mut tasks = Vec::new();
        for (index, form) in forms.into_iter().enumerate() {
            tasks.push(form.task(folder).with_context(|| format!("round {}, order {}", round + 1, index + 1))?);
        }
        plan.push(tasks);
    }
    Ok(plan)
}

/// An order as it is written: one verb, and what belongs to it.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Form {
    get: Option<String>,
    add: Option<String>,
    replace: Option<String>,
    delete: Option<String>,
    exec: Option<String>,
    copy: Option<String>,
    atomic: Option<Vec<Self>>,
    sequence: Option<Vec<Self>>,
    display: Option<String>,
    confirm: Option<String>,
    input: Option<String>,
    choose: Option<String>,
    choose_several: Option<String>,

    to: Option<String>,
    correlator: Option<String>,
    choices: Vec<String>,
    options: Option<String>,
    format: Option<String>,
    #[serde(rename = "type")]
    media_type: Option<String>,
    data: Option<String>,
    base64: Option<String>,
    file: Option<String>,
}

impl Form {
    fn task(mut self, folder: &Path) -> anyhow::Result<Task> {
        let verbs = [
            self.get.is_some(),
            self.add.is_some(),
            self.replace.is_some(),
            self.delete.is_some(),
            self.exec.is_some(),
            self.copy.is_some(),
            self.atomic.is_some(),
            self.sequence.is_some(),
            self.display.is_some(),
            self.confirm.is_some(),
            self.input.is_some(),
            self.choose.is_some(),
            self.choose_several.is_some(),
        ];
        ensure!(verbs.into_iter().filter(|is| *is).count() == 1, "an order has exactly one verb");
        let task = self.take(folder)?;
        ensure!(self == Self::default(), "a member that does not belong to the order");
        Ok(task)
    }

    /// Takes the verb, and what belongs to it.
    fn take(&mut self, folder: &Path) -> anyhow::Result<Task> {
        let all = |forms: Vec<Self>| forms.into_iter().map(|form| form.task(folder)).collect::<Result<Vec<_>, _>>();
        if let Some(forms) = self.atomic.take() {
            return Ok(Task::Atomic(all(forms)?));
        }
        if let Some(forms) = self.sequence.take() {
            return Ok(Task::Sequence(all(forms)?));
        }
        let questions = [
            (InteractionKind::Display, self.display.take()),
            (InteractionKind::Confirm, self.confirm.take()),
            (InteractionKind::Input, self.input.take()),
            (InteractionKind::SingleChoice, self.choose.take()),
            (InteractionKind::MultipleChoice, self.choose_several.take()),
        ];
        for (kind, text) in questions {
            if let Some(text) = text {
                return self.interaction(kind, text).map(Task::from);
            }
        }
        self.command(folder).map(Task::from)
    }

    fn interaction(&mut self, kind: InteractionKind, text: String) -> anyhow::Result<Interaction> {
        let choice = matches!(kind, InteractionKind::SingleChoice | InteractionKind::MultipleChoice);
        ensure!(choice != self.choices.is_empty(), "`choices` are for choose and choose_several, and only for these");
        let options = self.options.take().unwrap_or_default();
        let options = UiOptions::parse(&options).into_owned();
        Ok(Interaction::new(kind, text).with_options(options).with_choices(take(&mut self.choices)))
    }

    fn command(&mut self, folder: &Path) -> anyhow::Result<Command> {
        if let Some(uri) = self.add.take() {
            return Ok(Command::add(uri, self.content(folder)?));
        }
        if let Some(uri) = self.replace.take() {
            return Ok(Command::replace(uri, self.content(folder)?));
        }
        if let Some(uri) = self.exec.take() {
            let correlator = self.correlator.take();
            return Ok(Command::Exec { uri, correlator, content: self.content(folder)? });
        }
        if let Some(source) = self.copy.take() {
            return Ok(Command::copy(source, self.to.take().context("copy needs `to`")?));
        }
        if let Some(uri) = self.get.take() {
            return Ok(Command::Get { uri, media_type: self.media_type.take() });
        }
        Ok(Command::delete(self.delete.take().unwrap_or_default()))
    }

    fn content(&mut self, folder: &Path) -> anyhow::Result<Content> {
        let data = match (self.data.take(), self.base64.take(), self.file.take()) {
            (None, None, None) => Data::None,
            (Some(text), None, None) => Data::Text(text),
            (None, Some(text), None) => Data::Bytes(unbase64(&text).context("not base64")?),
            (None, None, Some(name)) => Data::Bytes(std::fs::read(folder.join(&name)).with_context(|| name)?),
            _ => bail!("`data`, `base64` and `file` are three ways to say one thing"),
        };
        let mut content = Content::new(data);
        content.format = self.format.take();
        content.media_type = self.media_type.take();
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> anyhow::Result<Plan> {
        parse(text.as_bytes(), Path::new("."))
    }

    #[test]
    fn every_order() {
        let plan = plan(
            r#"[[{"get": "./A?list=TNDS", "type": "t"}, {"replace": "./A", "format": "int", "data": "7"},
                 {"add": "./B", "base64": "AAE="}, {"delete": "./C"}, {"copy": "./A", "to": "./D"}],
                [{"sequence": [{"confirm": "Now?", "options": "MAXDT=5"}, {"exec": "./X", "correlator": "c"}]},
                 {"atomic": [{"delete": "./A"}]}, {"choose": "Which?", "choices": ["a", "b"]}], []]"#,
        )
        .unwrap();
        assert_eq!(plan.iter().map(Vec::len).collect::<Vec<_>>(), [5, 3, 0]);
        let seven = Content::from("7").with_format("int");
        assert_eq!(plan[0][1], Task::Command(Command::replace("./A", seven)));
        assert_eq!(plan[0][2], Task::Command(Command::add("./B", Data::Bytes(vec![0, 1]))));
        assert_eq!(plan[0][4], Task::Command(Command::copy("./A", "./D")));
        let Task::Interact(question) = &plan[1][0].children()[0] else { panic!("{:?}", plan[1]) };
        assert_eq!((question.kind, question.options.to_text().as_str()), (InteractionKind::Confirm, "MAXDT=5"));
        assert!(matches!(&plan[1][2], Task::Interact(which) if which.choices == ["a", "b"]));
    }

    #[test]
    fn what_is_no_order_is_refused() {
        for (text, error) in [
            ("[", "EOF while parsing"),
            (r#"[[{}]]"#, "round 1, order 1: an order has exactly one verb"),
            (r#"[[], [{"get": "./A", "delete": "./B"}]]"#, "round 2, order 1: an order has exactly one verb"),
            (r#"[[{"copy": "./A"}]]"#, "copy needs `to`"),
            (r#"[[{"fetch": "./A"}]]"#, "unknown field `fetch`"),
            (r#"[[{"add": "./A", "data": "x", "base64": "AA=="}]]"#, "three ways to say one thing"),
            (r#"[[{"choose": "Which?"}]]"#, "`choices` are for"),
            (r#"[[{"add": "./A", "file": "no/such/file"}]]"#, "no/such/file"),
            (r#"[[{"get": "./A", "data": "x"}]]"#, "round 1, order 1: a member that does not belong to the order"),
            (r#"[[{"delete": "./A", "correlator": "c"}]]"#, "does not belong"),
            (r#"[[{"replace": "./A", "options": "MAXDT=5"}]]"#, "does not belong"),
            (r#"[[{"confirm": "Now?", "format": "chr"}]]"#, "does not belong"),
            (r#"[[{"atomic": [{"copy": "./A", "to": "./B", "file": "c"}]}]]"#, "does not belong"),
            (r#"[[{"sequence": [], "type": "t"}]]"#, "does not belong"),
        ] {
            let refused = format!("{:#}", plan(text).unwrap_err());
            assert!(refused.contains(error), "{text}: {refused}");
        }
    }
}
