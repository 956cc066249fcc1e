/// A list of at most `N` items, oldest first, in place. (`alloc` is not there, and arrays of any length have no serde.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct List<T, const N: usize>([Option<T>; N]);

impl<T, const N: usize> List<T, N> {
    pub(crate) const fn new() -> Self {
        Self([const { None }; N])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.0.iter().flatten()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }

    /// Whether no two items are equal in this. The lists are short.
    #[cfg(feature = "serde")]
    pub(crate) fn distinct<K: PartialEq>(&self, what: impl Fn(&T) -> K) -> bool {
        let mut items = self.iter();
        while let Some(item) = items.next() {
            if items.clone().any(|other| what(other) == what(item)) {
                return false;
            }
        }
        true
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.iter().all(Option::is_some)
    }

    /// Adds an item at the end if there is room, and hands it back if not.
    pub(crate) fn push(&mut self, item: T) -> Result<(), T> {
        match self.0.iter_mut().find(|place| place.is_none()) {
            Some(place) => {
                *place = Some(item);
                Ok(())
            }
            None => Err(item),
        }
    }

    /// Adds an item at the end and takes the oldest if there is no room for both.
    pub(crate) fn push_over(&mut self, item: T) -> Option<T> {
        let oldest = if self.is_full() { self.pop() } else { None };
        let _ = self.push(item);
        oldest
    }

    /// The item that is meant; if there is none and there is room, a new one at the end.
    pub(crate) fn find_or_push(&mut self, mut meant: impl FnMut(&T) -> bool, new: T) -> Option<&mut T> {
        let place = self.0.iter_mut().find(|place| place.as_ref().is_none_or(&mut meant))?;
        Some(place.get_or_insert(new))
    }

    /// Takes the oldest item.
    pub(crate) fn pop(&mut self) -> Option<T> {
        if N > 0 {
            self.0.rotate_left(1);
        }
        self.0.last_mut()?.take()
    }

    /// Keeps the items that pass, in their order.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let items = core::mem::replace(self, Self::new()).0.into_iter().flatten();
        for (place, item) in self.0.iter_mut().zip(items.filter(|item| keep(item))) {
            *place = Some(item);
        }
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize, const N: usize> serde::Serialize for List<T, N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut items = serializer.serialize_seq(Some(self.iter().count()))?;
        for item in self.iter() {
            items.serialize_element(item)?;
        }
        items.end()
    }
}

#[cfg(feature = "serde")]
impl<'de, T: serde::Deserialize<'de>, const N: usize> serde::Deserialize<'de> for List<T, N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use core::{fmt, marker::PhantomData};
        use serde::de::{Error, SeqAccess, Visitor};

        struct Items<T, const N: usize>(PhantomData<T>);

        impl<'de, T: serde::Deserialize<'de>, const N: usize> Visitor<'de> for Items<T, N> {
            type Value = List<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {N} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = List::new();
                while let Some(item) = items.next_element()? {
                    if list.push(item).is_err() {
                        return Err(A::Error::invalid_length(N.saturating_add(1), &self));
                    }
                }
                Ok(list)
            }
        }

        deserializer.deserialize_seq(Items(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn keeps_order_and_bound() {
        let mut list = List::<u8, 3>::new();
        assert_eq!(list.pop(), None);
        for n in 1..=3 {
            assert!(list.push(n).is_ok());
        }
        assert!(list.is_full());
        assert_eq!(list.push(4), Err(4));
        assert_eq!(list.pop(), Some(1));
        assert!(list.push(4).is_ok());
        list.retain(|n| *n != 3);
        assert_eq!(list.iter().copied().collect::<Vec<_>>(), [2, 4]);
    }
}
