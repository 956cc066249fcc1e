//! A list that holds one value without an allocation.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};
use core::slice;

/// A list of values, of which one lives in place: nearly every command has one item.
///
/// It is read as a slice.
///
/// ```
/// use dm_syncml::List;
/// let list: List<u8> = [1, 2].into_iter().collect();
/// assert_eq!((list.len(), list.first()), (2, Some(&1)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct List<T>(Kind<T>);

#[derive(Clone, Debug, Default)]
enum Kind<T> {
    #[default]
    None,
    One(T),
    Many(Vec<T>),
}

impl<T> List<T> {
    /// No values.
    #[must_use]
    pub const fn new() -> Self {
        Self(Kind::None)
    }

    /// One value.
    #[must_use]
    #[inline]
    pub const fn one(value: T) -> Self {
        Self(Kind::One(value))
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: T) {
        match &mut self.0 {
            Kind::None => self.0 = Kind::One(value),
            Kind::Many(values) => values.push(value),
            Kind::One(_) => self.push_second(value),
        }
    }

    #[cold]
    fn push_second(&mut self, value: T) {
        let Kind::One(first) = core::mem::replace(&mut self.0, Kind::None) else { return };
        let mut values = Vec::with_capacity(8);
        values.push(first);
        values.push(value);
        self.0 = Kind::Many(values);
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Kind::None => &[],
            Kind::One(value) => slice::from_ref(value),
            Kind::Many(values) => values,
        }
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Kind::None => &mut [],
            Kind::One(value) => slice::from_mut(value),
            Kind::Many(values) => values,
        }
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for List<T> {}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.push(value);
        }
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut list = Self::new();
        list.extend(values);
        list
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(values: Vec<T>) -> Self {
        Self(Kind::Many(values))
    }
}

impl<T> From<T> for List<T> {
    fn from(value: T) -> Self {
        Self::one(value)
    }
}

impl<T> From<List<T>> for Vec<T> {
    fn from(list: List<T>) -> Self {
        match list.0 {
            Kind::None => Self::new(),
            Kind::One(value) => vec![value],
            Kind::Many(values) => values,
        }
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        Vec::from(self).into_iter()
    }
}

impl<'l, T> IntoIterator for &'l List<T> {
    type Item = &'l T;
    type IntoIter = slice::Iter<'l, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A list that is nearly always empty, in the room of a pointer. Read as a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rare<T>(Option<Box<Kept<T>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept<T> {
    values: Vec<T>,
}

impl<T> Rare<T> {
    /// No values.
    pub const NONE: Self = Self(None);

    /// Appends a value.
    pub fn push(&mut self, value: T) {
        self.0.get_or_insert_with(|| Box::new(Kept { values: Vec::new() })).values.push(value);
    }
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T> Deref for Rare<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |kept| &kept.values)
    }
}

impl<T> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.as_mut().map_or(&mut [], |kept| &mut kept.values)
    }
}

impl<T> FromIterator<T> for Rare<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::from(values.into_iter().collect::<Vec<T>>())
    }
}

impl<T> From<Vec<T>> for Rare<T> {
    fn from(values: Vec<T>) -> Self {
        if values.is_empty() { Self::NONE } else { Self(Some(Box::new(Kept { values }))) }
    }
}

impl<T, const N: usize> From<[T; N]> for Rare<T> {
    fn from(values: [T; N]) -> Self {
        Self::from(Vec::from(values))
    }
}

impl<T> IntoIterator for Rare<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map_or_else(Vec::new, |kept| kept.values).into_iter()
    }
}

impl<'l, T> IntoIterator for &'l Rare<T> {
    type Item = &'l T;
    type IntoIter = slice::Iter<'l, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
