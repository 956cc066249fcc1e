//! What holds of any bytes that are read as a TNDS object or a device description: for tests and fuzz targets.
#![allow(dead_code, reason = "each user needs some of it")]

use dm_session::tree::dm1::{Config, Ddf, DdfErrorKind, TndsErrorKind, TndsObject};
use dm_session::tree::{MoTree, TreeConfig};
use dm_syncml::Limits;

/// What is written can be larger than what was read: properties are always written.
const ROOMY: &Limits =
    &Limits::DEFAULT.with_max_markup_depth(256).with_max_elements(1 << 20).with_max_message_len(1 << 26);

/// An object that is read is the same when it is written and read again, in every form. Whether it was read.
pub(crate) fn tnds_holds(document: &[u8]) -> bool {
    let mut object = match TndsObject::parse(document, &Limits::DEFAULT) {
        Ok(object) => object,
        Err(error) => {
            assert!(error.offset().is_none_or(|offset| offset <= document.len()));
            return false;
        }
    };
    for (index, node) in object.nodes.iter_mut().enumerate() {
        assert!(node.parent.is_none_or(|parent| parent < index));
        node.has_rt_properties = true;
    }
    match object.to_xml() {
        Ok(xml) => {
            let again = TndsObject::parse(xml.as_bytes(), ROOMY).unwrap();
            assert_eq!(again, object);
            assert_eq!(again.to_xml().unwrap(), xml);
        }
        Err(error) => assert_eq!(error.kind(), TndsErrorKind::NotEncodable),
    }
    match object.to_wbxml() {
        Ok(wbxml) => {
            let again = TndsObject::parse(&wbxml, ROOMY).unwrap();
            assert_eq!(again, object);
            assert_eq!(again.to_wbxml().unwrap(), wbxml);
        }
        Err(error) => assert_eq!(error.kind(), TndsErrorKind::NotEncodable),
    }
    assert_eq!(TndsObject::from_element(&object.to_element(), ROOMY).unwrap(), object);
    true
}

/// A description that is read is the same when it is written and read again, and a tree takes or refuses it. Whether it
/// was read.
pub(crate) fn ddf_holds(document: &[u8]) -> bool {
    let ddf = match Ddf::parse(document, &Limits::DEFAULT) {
        Ok(ddf) => ddf,
        Err(error) => {
            assert!(error.offset().is_none_or(|offset| offset <= document.len()));
            return false;
        }
    };
    match ddf.to_xml() {
        Ok(xml) => match Ddf::parse(xml.as_bytes(), ROOMY) {
            Ok(again) => assert_eq!(again, ddf),
            // An MO that was shown at one place and is written at another can stand deeper there.
            Err(error) => assert_eq!(error.kind(), DdfErrorKind::Limit),
        },
        Err(error) => assert_eq!(error.kind(), DdfErrorKind::NotEncodable),
    }
    let (config, mos) = ddf.describe(Config::new());
    let config = mos.into_iter().fold(TreeConfig::new(1).with_dm1(config), TreeConfig::with_definition);
    let _ = MoTree::new(config);
    true
}
