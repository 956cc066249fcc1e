//! The member names of the packages, each once.

/// Package#1: the management objects.
pub(crate) const MOS: &str = "MOS";
/// Package#1: the description of an object type. Serialization: the same.
pub(crate) const DDF: &str = "DDF";
/// Package#1: the object type.
pub(crate) const MOID: &str = "MOID";
/// Package#1: the instances.
pub(crate) const MIID: &str = "MIID";
/// Packages #1 and #3: the alerts.
pub(crate) const ALERT: &str = "Alert";
/// Package#2: the commands.
pub(crate) const CMD: &str = "CMD";
/// Package#3: the statuses.
pub(crate) const STATUS: &str = "Status";
/// Status: the code.
pub(crate) const SC: &str = "sc";
/// Status: where HGET stored the data.
pub(crate) const URI: &str = "URI";
/// Status: what GET returned. OUR DECISION, as the public text names no carrier for it.
pub(crate) const STATUS_DATA: &str = "Data";
/// Alert: its type.
pub(crate) const ALERT_TYPE: &str = "AlertType";
/// Alert: the node concerned.
pub(crate) const SOURCE_URI: &str = "SourceURI";
/// Alert: a further node.
pub(crate) const TARGET_URI: &str = "TargetURI";
/// Alert: how serious it is.
pub(crate) const MARK: &str = "Mark";
/// Alert: the type of its data.
pub(crate) const DATA_TYPE: &str = "DataType";
/// Alert: its data.
pub(crate) const DATA: &str = "Data";
/// Serialization: the node.
pub(crate) const CLIENT_URI: &str = "ClientURI";
/// Serialization: the values.
pub(crate) const MO_DATA: &str = "MOData";
/// Serialization: the cache validator.
pub(crate) const CV: &str = "CV";
