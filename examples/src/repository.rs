//! A data repository: what HGET fetches, and where HPUT, HPOST and subscriptions bring their data.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use dm_package::{MediaType, MoData, Strictness, media};
use dm_session::http::{CONTENT_TYPE, Method, OMADM_ACCEPT, Request, Response};

/// Documents in a repository, at most.
const MAX_DOCUMENTS: usize = 4096;
/// Bytes in a repository, at most.
const MAX_BYTES: usize = 256 << 20;

/// Documents by path.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    documents: BTreeMap<String, Document>,
    bytes: usize,
    posts: u64,
}

/// A document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) media_type: String,
    pub(crate) body: Vec<u8>,
}

impl Repository {
    /// Puts in a document. False if there is no room.
    pub(crate) fn put(&mut self, path: &str, media_type: &str, body: Vec<u8>) -> bool {
        let old = self.documents.get(path).map_or(0, |document| document.body.len());
        let bytes = self.bytes - old + body.len();
        let full = !self.documents.contains_key(path) && self.documents.len() >= MAX_DOCUMENTS;
        if full || bytes > MAX_BYTES {
            return false;
        }
        self.bytes = bytes;
        self.documents.insert(path.into(), Document { media_type: media_type.into(), body });
        true
    }

    /// A document.
    pub(crate) fn get(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }

    /// Takes in the files of a folder, by their path below it. A file `x.json` is management object data and
    /// is had as `x`, too.
    pub(crate) fn load(&mut self, folder: &Path) -> anyhow::Result<usize> {
        let mut folders = vec![folder.to_owned()];
        let mut count = 0;
        while let Some(open) = folders.pop() {
            for entry in std::fs::read_dir(&open).with_context(|| open.display().to_string())? {
                let path = entry?.path();
                let place = || path.display().to_string();
                let about = std::fs::symlink_metadata(&path).with_context(place)?;
                if about.is_dir() {
                    folders.push(path);
                    continue;
                }
                // Links could lead round in circles or out of the folder.
                if !about.is_file() {
                    continue;
                }
                anyhow::ensure!(about.len() <= MAX_BYTES as u64, "{} is too large", place());
                let body = std::fs::read(&path).with_context(place)?;
                let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
                let bare = name.strip_suffix(".json");
                let media_type = if bare.is_some() { media::MO } else { "application/octet-stream" };
                let stored = bare.is_none_or(|bare| self.put(bare, media_type, body.clone()));
                anyhow::ensure!(stored && self.put(&name, media_type, body), "{} is too large", folder.display());
                count += 1;
            }
        }
        Ok(count)
    }

    /// Answers a request for the document at `path`.
    pub(crate) fn answer(&mut self, path: &str, request: &Request) -> Response {
        match request.method {
            Method::Get => match self.get(path) {
                Some(document) => Response::new(200)
                    .with_header(CONTENT_TYPE, document.media_type.clone())
                    .with_body(document.body.clone()),
                None => Response::new(404),
            },
            Method::Put | Method::Post => self.take(path, request),
            _ => Response::new(405).with_header("Allow", "GET, PUT, POST"),
        }
    }

    /// Takes management object data. What is posted gets a place of its own below the path.
    fn take(&mut self, path: &str, request: &Request) -> Response {
        let media_type = request.headers.get(CONTENT_TYPE).and_then(MediaType::parse);
        if !media_type.is_some_and(|media_type| media_type.is_mo_data(Strictness::Lenient)) {
            return Response::new(415).with_header(OMADM_ACCEPT, media::MO);
        }
        if MoData::parse(&request.body).is_err() {
            return Response::new(400);
        }
        let place = if request.method == Method::Post {
            self.posts += 1;
            format!("{path}/{}", self.posts)
        } else {
            path.to_owned()
        };
        let created = self.get(&place).is_none();
        if !self.put(&place, media::MO, request.body.clone()) {
            return Response::new(507);
        }
        Response::new(if created { 201 } else { 204 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_can_be_had() {
        let mut repository = Repository::default();
        let put = |method| Request::new(method, "/repo/a").with_header(CONTENT_TYPE, media::MO).with_body(*b"[]");
        assert_eq!(repository.answer("a", &put(Method::Put)).status, 201);
        assert_eq!(repository.answer("a", &put(Method::Put)).status, 204);
        assert_eq!(repository.answer("a", &put(Method::Post)).status, 201);
        let got = repository.answer("a/1", &Request::new(Method::Get, "/repo/a/1"));
        assert_eq!((got.status, got.headers.get(CONTENT_TYPE), got.body), (200, Some(media::MO), b"[]".to_vec()));
        assert_eq!(repository.answer("b", &Request::new(Method::Get, "/repo/b")).status, 404);
        let odd = Request::new(Method::Put, "/repo/a").with_header(CONTENT_TYPE, "text/xml").with_body(*b"<a/>");
        let refused = repository.answer("a", &odd);
        assert_eq!((refused.status, refused.headers.get(OMADM_ACCEPT)), (415, Some(media::MO)));
        let broken = Request::new(Method::Put, "/repo/a").with_header(CONTENT_TYPE, media::MO).with_body(*b"{");
        assert_eq!(repository.answer("a", &broken).status, 400);
        assert_eq!(repository.bytes, 4);
    }
}
