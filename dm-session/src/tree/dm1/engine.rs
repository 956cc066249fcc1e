#[derive(Clone, Default)] pub(crate) struct Pending;
