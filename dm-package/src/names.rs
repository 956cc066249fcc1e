//! The member names of the packages, each once.

/// A member name as readers and as writers need it.
macro_rules! names {
    ($( $(#[doc = $doc:literal])+ $name:ident = $text:literal; )+) => {
        $( $(#[doc = $doc])+ pub(crate) const $name: &str = $text; )+

        /// The same names as they stand before a value, with a comma in front.
        pub(crate) mod keys {
            $( pub(crate) const $name: &[u8] = concat!(",\"", $text, "\":").as_bytes(); )+
        }
    };
}

names! {
    /// Package#1: the management objects.
    MOS = "MOS";
    /// Package#1: the description of an object type. Serialization: the same.
    DDF = "DDF";
    /// Package#1: the object type.
    MOID = "MOID";
    /// Package#1: the instances.
    MIID = "MIID";
    /// Packages #1 and #3: the alerts.
    ALERT = "Alert";
    /// Package#2: the commands.
    CMD = "CMD";
    /// Package#3: the statuses.
    STATUS = "Status";
    /// Status: the code.
    SC = "sc";
    /// Status: where HGET stored the data.
    URI = "URI";
    /// Status: what GET returned. OUR DECISION, as the public text names no carrier for it.
    STATUS_DATA = "Data";
    /// Alert: its type.
    ALERT_TYPE = "AlertType";
    /// Alert: the node concerned.
    SOURCE_URI = "SourceURI";
    /// Alert: a further node.
    TARGET_URI = "TargetURI";
    /// Alert: how serious it is.
    MARK = "Mark";
    /// Alert: the type of its data.
    DATA_TYPE = "DataType";
    /// Alert: its data.
    DATA = "Data";
    /// Serialization: the node.
    CLIENT_URI = "ClientURI";
    /// Serialization: the values.
    MO_DATA = "MOData";
    /// Serialization: the cache validator.
    CV = "CV";
}
