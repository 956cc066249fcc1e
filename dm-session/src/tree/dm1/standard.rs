use super::super::definition::{MoDefinition, NodeDefinition};
use super::Config;
use alloc::vec::Vec;
pub(crate) fn definitions() -> Vec<MoDefinition> { Vec::new() }
pub(crate) fn frame(_: &Config) -> NodeDefinition { NodeDefinition::interior(".").open() }
