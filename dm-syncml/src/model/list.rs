//! A list that holds one value without an allocation.

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
        let mut values = Vec::with_capacity(4);
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
