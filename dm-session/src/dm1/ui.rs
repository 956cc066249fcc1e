//! User interaction: the alerts 1100 to 1104 (OMA-TS-DM_Protocol-V1_2 §10).

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use dm_syncml::{Alert, AlertCode, CmdId, Item, StatusCode, UiOptions};

/// What a server wants shown to, or asked of, the user.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Interaction {
    /// What is wanted.
    pub kind: InteractionKind,
    /// How; options that do not apply to the kind are to be ignored.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::options"))]
    pub options: UiOptions<'static>,
    /// What is shown: the message, question, prompt or title.
    pub text: String,
    /// What there is to choose from, numbered from 1 in this order; empty for the other kinds.
    pub choices: Vec<String>,
}

/// The five kinds of user interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_enums, reason = "the standard has five")]
pub enum InteractionKind {
    /// 1100: show a text.
    Display,
    /// 1101: yes or no.
    Confirm,
    /// 1102: a text.
    Input,
    /// 1103: one of several.
    SingleChoice,
    /// 1104: any of several.
    MultipleChoice,
}

impl InteractionKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Display, Self::Confirm, Self::Input, Self::SingleChoice, Self::MultipleChoice];

    /// The alert's code.
    #[must_use]
    pub const fn code(self) -> AlertCode {
        match self {
            Self::Display => AlertCode::DISPLAY,
            Self::Confirm => AlertCode::CONFIRM,
            Self::Input => AlertCode::TEXT_INPUT,
            Self::SingleChoice => AlertCode::SINGLE_CHOICE,
            Self::MultipleChoice => AlertCode::MULTIPLE_CHOICE,
        }
    }

    /// The kind with that code.
    #[must_use]
    pub fn from_code(code: AlertCode) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    const fn is_choice(self) -> bool {
        matches!(self, Self::SingleChoice | Self::MultipleChoice)
    }
}

impl Interaction {
    /// An interaction without options; `choices` only where there is something to choose.
    #[must_use]
    pub fn new(kind: InteractionKind, text: impl Into<String>) -> Self {
        Self { kind, options: UiOptions::new(), text: text.into(), choices: Vec::new() }
    }

    /// The same with these options.
    #[must_use]
    pub fn with_options(mut self, options: UiOptions<'static>) -> Self {
        self.options = options;
        self
    }

    /// The same with these choices.
    #[must_use]
    pub fn with_choices<T: Into<String>>(mut self, choices: impl IntoIterator<Item = T>) -> Self {
        self.choices = choices.into_iter().map(Into::into).collect();
        self
    }

    /// Whether it says what it has to: choices where there is something to choose, and only there.
    pub(crate) fn is_complete(&self) -> bool {
        self.kind.is_choice() != self.choices.is_empty()
    }

    /// The Alert of a message.
    pub(crate) fn to_alert<'a>(&self, cmd_id: impl Into<CmdId<'a>>) -> Alert<'a> {
        let texts = [self.options.to_text(), self.text.clone()].into_iter().chain(self.choices.iter().cloned());
        texts.fold(Alert::new(cmd_id, self.kind.code()), |alert, text| alert.with_item(Item::data(text)))
    }

    /// Reads the Alert of a message: 412 where Items are missing, 416 where what is to be shown is no text. Options that
    /// are none are skipped.
    pub(crate) fn from_alert(kind: InteractionKind, alert: &Alert<'_>) -> Result<Self, StatusCode> {
        let mut texts = alert.items.iter().map(|item| match &item.data {
            None => Ok(""),
            Some(data) => data.as_text().ok_or(StatusCode::SIZE_TOO_BIG),
        });
        let (Some(options), Some(text)) = (texts.next(), texts.next()) else { return Err(StatusCode::INCOMPLETE) };
        let options = UiOptions::parse(options.unwrap_or_default()).into_owned();
        let text = text?.to_owned();
        let mut choices: Vec<String> = Vec::new();
        if kind.is_choice() {
            choices = texts.map(|choice| choice.map(ToOwned::to_owned)).collect::<Result<_, _>>()?;
            if choices.is_empty() {
                return Err(StatusCode::INCOMPLETE);
            }
        }
        Ok(Self { kind, options, text, choices })
    }
}

/// Shows the kind and sizes, not the texts.
impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interaction")
            .field("kind", &self.kind)
            .field("text_len", &self.text.len())
            .field("choices", &self.choices.len())
            .finish_non_exhaustive()
    }
}

/// What came of a user interaction.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum UserReply {
    /// It was shown, or confirmed: 200.
    Accepted,
    /// The user said no: 304.
    Rejected,
    /// The user typed this: 200 and an Item.
    Text(String),
    /// The user chose these, by their numbers from 1: 200 and an Item for each. None at all is an answer to a multiple
    /// choice.
    Choices(Vec<u32>),
    /// The user wants no more of it: 214.
    Cancelled,
    /// The user did not answer in time: 408.
    TimedOut,
    /// The device does not do this: 406.
    Unsupported,
    /// The device cannot show this: 416.
    NotRendered,
}

impl UserReply {
    /// The status of the alert.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Accepted | Self::Text(_) | Self::Choices(_) => StatusCode::OK,
            Self::Rejected => StatusCode::NOT_MODIFIED,
            Self::Cancelled => StatusCode::CANCELLED,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Unsupported => StatusCode::NOT_SUPPORTED,
            Self::NotRendered => StatusCode::SIZE_TOO_BIG,
        }
    }

    /// The texts of the Items in the Status.
    pub(crate) fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => [text.clone()].into(),
            Self::Choices(numbers) => numbers.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a user can have said that to an interaction: texts to a prompt, and numbers of choices that there are.
    #[must_use]
    pub fn fits(&self, interaction: &Interaction) -> bool {
        let exists = |number: &u32| {
            usize::try_from(*number).is_ok_and(|number| (1..=interaction.choices.len()).contains(&number))
        };
        match (self, interaction.kind) {
            (Self::Accepted, InteractionKind::Display | InteractionKind::Confirm)
            | (Self::Rejected, InteractionKind::Confirm)
            | (Self::Text(_), InteractionKind::Input)
            | (Self::Cancelled | Self::TimedOut | Self::Unsupported | Self::NotRendered, _) => true,
            (Self::Choices(numbers), InteractionKind::SingleChoice) => numbers.len() == 1 && numbers.iter().all(exists),
            (Self::Choices(numbers), InteractionKind::MultipleChoice) => numbers.iter().all(exists),
            _ => false,
        }
    }

    /// Reads the Status of an alert; `None` where it is not one that a user's reply has.
    pub(crate) fn from_status(interaction: &Interaction, status: StatusCode, texts: &[&str]) -> Option<Self> {
        let number = |text: &&str| text.trim().parse().ok();
        let reply = match status {
            StatusCode::NOT_MODIFIED => Self::Rejected,
            StatusCode::CANCELLED => Self::Cancelled,
            StatusCode::REQUEST_TIMEOUT => Self::TimedOut,
            StatusCode::NOT_SUPPORTED => Self::Unsupported,
            StatusCode::SIZE_TOO_BIG => Self::NotRendered,
            StatusCode::OK => match interaction.kind {
                InteractionKind::Display | InteractionKind::Confirm => Self::Accepted,
                InteractionKind::Input => Self::Text((*texts.first()?).to_owned()),
                InteractionKind::SingleChoice | InteractionKind::MultipleChoice => {
                    Self::Choices(texts.iter().map(number).collect::<Option<_>>()?)
                }
            },
            _ => return None,
        };
        reply.fits(interaction).then_some(reply)
    }
}

/// Shows the kind, not what the user said.
impl fmt::Debug for UserReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::Text(_) => "Text",
            Self::Choices(_) => "Choices",
            Self::Cancelled => "Cancelled",
            Self::TimedOut => "TimedOut",
            Self::Unsupported => "Unsupported",
            Self::NotRendered => "NotRendered",
        })
    }
}

#[cfg(test)]
mod tests;
