//! The tests and the vectors that show a behaviour.

use std::collections::BTreeMap;
use std::fs;

use super::source::{Source, files, root};
use super::table::spans;

/// One vector: what of it can be referred to.
#[derive(Default)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) row: Option<String>,
    /// Error and close code or HTTP status.
    pub(crate) verdict: Option<(String, Option<u16>)>,
}

/// All vectors, by the file below `testdata`.
pub(crate) struct Vectors(pub(crate) BTreeMap<String, Vec<Vector>>);

impl Vectors {
    pub(crate) fn read() -> Self {
        let mut all = BTreeMap::new();
        let testdata = root().join("testdata");
        for path in files(&testdata).iter().filter(|path| path.extension().unwrap() == "txt") {
            let file = path.strip_prefix(&testdata).unwrap().to_str().unwrap().to_owned();
            all.insert(file, vectors(&fs::read_to_string(path).unwrap()));
        }
        assert!(all.values().map(Vec::len).sum::<usize>() > 500, "the vectors were not found");
        Self(all)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Vector> {
        self.0.values().flatten()
    }

    /// What is wrong with a reference to a vector, or to all of an attack.
    fn wrong(&self, file: &str, name: &str) -> Option<String> {
        let Some(vectors) = self.0.get(file) else {
            return Some(format!("there are no vectors {file}"));
        };
        let exists = match name.strip_prefix("row ") {
            Some(row) => vectors.iter().any(|vector| vector.row.as_deref() == Some(row)),
            None => vectors.iter().any(|vector| vector.name == name),
        };
        (!exists).then(|| format!("{file} has no vector: {name}"))
    }
}

fn vectors(text: &str) -> Vec<Vector> {
    let mut vectors: Vec<Vector> = Vec::new();
    for line in text.lines() {
        let name = line.strip_prefix("case: ");
        let name = name.or_else(|| line.strip_prefix('[').and_then(|l| l.strip_suffix(']')));
        if let Some(name) = name {
            vectors.push(Vector { name: name.to_owned(), ..Vector::default() });
            continue;
        }
        let (Some(vector), Some((key, value))) = (vectors.last_mut(), line.split_once(": ")) else {
            continue;
        };
        match key {
            "row" => vector.row = Some(value.to_owned()),
            "fails" | "expect" | "verdict" => {
                let end = value.find([' ', '(']).unwrap_or(value.len());
                let code = value.rsplit(' ').next().and_then(|code| code.parse().ok());
                vector.verdict = Some((value[..end].to_owned(), code));
            }
            _ => {}
        }
    }
    vectors
}

/// What is wrong with the tests and vectors that a cell names.
pub(crate) fn wrong_evidence(cell: &str, source: &Source, vectors: &Vectors) -> Vec<String> {
    let wrong = |reference: &str| {
        if let Some((file, name)) = reference.split_once(": ") {
            vectors.wrong(file, name)
        } else if reference.contains('/') {
            // A command of its own.
            let is_it =
                |directory| files(&root().join(directory)).iter().any(|f| f.ends_with(reference));
            let exists = ["tests", "benches"].into_iter().any(is_it);
            (!exists).then(|| format!("tests and benches have no command {reference}"))
        } else {
            source.test(reference).err()
        }
    };
    spans(cell).into_iter().filter_map(|(reference, _)| wrong(reference)).collect()
}
