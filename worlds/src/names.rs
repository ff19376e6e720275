//! Nodes are interchangeable: what differs only in who is called what is the same.

use std::sync::LazyLock;

/// A way to rename the nodes: the place of each becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming(Vec<usize>);

static ALL: LazyLock<Vec<Vec<Renaming>>> = LazyLock::new(|| (0..=NODES_MAX).map(permutations).collect());

/// The most nodes of a small world: five would have 120 names each.
const NODES_MAX: usize = 4;

impl Renaming {
    /// All of them; the first changes nothing.
    ///
    /// # Panics
    ///
    /// When there are more than 4 nodes.
    #[must_use]
    pub fn all(nodes: usize) -> &'static [Self] {
        &ALL[nodes]
    }

    /// What the node at this place becomes.
    #[must_use]
    pub fn of(&self, place: usize) -> usize {
        self.0[place]
    }
}

fn permutations(nodes: usize) -> Vec<Renaming> {
    let mut all = vec![vec![]];
    for place in 0..nodes {
        all = all
            .into_iter()
            .flat_map(|shorter: Vec<usize>| {
                (0..=place).rev().map(move |at| {
                    let mut longer = shorter.clone();
                    longer.insert(at, place);
                    longer
                })
            })
            .collect();
    }
    all.into_iter().map(Renaming).collect()
}
