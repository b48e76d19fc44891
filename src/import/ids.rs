//! Ids that no two exchanges share.

use std::collections::HashMap;

use crate::http::Id;

/// The ids given out so far.
#[derive(Debug, Default)]
pub struct Ids {
    /// How often each was asked for.
    asked: HashMap<Id, u64>,
}

impl Ids {
    /// The id itself when nobody has it, else with a suffix: `e7~2`, `e7~3` …
    pub fn claim(&mut self, mut id: Id) -> Id {
        while let Some(times) = self.asked.get_mut(&id) {
            *times += 1;
            id = format!("{id}~{times}").into();
        }
        self.asked.insert(id.clone(), 1);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_get_the_same() {
        let mut ids = Ids::default();
        let claimed: Vec<Id> = ["a", "a~2", "a", "a", "b"].map(|id| ids.claim(id.into())).into();
        assert_eq!(claimed.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["a", "a~2", "a~2~2", "a~3", "b"]);
    }
}
