//! A tree of names and values, drawn with branches.

use anstyle::Style;

use super::style::{self, FAINT, NAME, paint};

/// One line of an outline, and what is below it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    name: String,
    value: String,
    /// In the margin to the right.
    remark: String,
    style: Style,
    below: Vec<Self>,
}

impl Item {
    /// A line with a name.
    pub(crate) fn new(name: impl AsRef<str>) -> Self {
        Self {
            name: style::safe(name.as_ref()),
            value: String::new(),
            remark: String::new(),
            style: Style::new(),
            below: Vec::new(),
        }
    }

    /// The same with a value, which may come from a peer.
    pub(crate) fn value(self, value: impl AsRef<str>) -> Self {
        self.styled(style::short(value.as_ref(), 400), Style::new())
    }

    /// The same with a value in a style.
    pub(crate) fn styled(mut self, value: impl Into<String>, style: Style) -> Self {
        self.value = value.into();
        self.style = style;
        self
    }

    /// The same with a remark.
    pub(crate) fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = remark.into();
        self
    }

    /// The same with more lines below.
    pub(crate) fn with_all(mut self, items: impl IntoIterator<Item = Self>) -> Self {
        self.below.extend(items);
        self
    }
}

/// Draws items with a margin of `indent` spaces. Values of siblings are aligned.
pub(crate) fn draw(items: &[Item], indent: usize) -> String {
    let mut out = String::new();
    let lead = " ".repeat(indent);
    branch(items, &lead, &mut out);
    out
}

fn branch(items: &[Item], lead: &str, out: &mut String) {
    let named = |item: &&Item| !item.value.is_empty() || !item.remark.is_empty();
    let width = items.iter().filter(named).map(|item| item.name.chars().count()).max().unwrap_or(0);
    for (index, item) in items.iter().enumerate() {
        let last = index + 1 == items.len();
        let (tick, rail) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        out.push_str(&paint(FAINT, format!("{lead}{tick}")));
        let name = style::pad(NAME, &item.name, width);
        let mut line = if item.value.is_empty() { name } else { format!("{name}  {}", paint(item.style, &item.value)) };
        if !item.remark.is_empty() {
            line = format!("{line}  {}", paint(FAINT, &item.remark));
        }
        out.push_str(line.trim_end());
        out.push('\n');
        branch(&item.below, &format!("{lead}{rail}"), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches() {
        let items = [
            Item::new("a").value("1").with_all([Item::new("b").value("2").remark("why")]),
            Item::new("long").value("3"),
        ];
        let drawn = anstream::adapter::strip_str(&draw(&items, 2)).to_string();
        assert_eq!(drawn, "  ├─ a     1\n  │  └─ b  2  why\n  └─ long  3\n");
    }
}
