//! What a representation shows, as plain values: made from the data model by `of_data`, written by `text` and `html`.

/// A dataset, or a data array with its coordinates.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// "Dataset", "DataArray".
    pub kind: &'static str,
    /// Of a data array.
    pub name: Option<String>,
    /// Names and lengths of all dimensions.
    pub dims: Vec<(String, u64)>,
    /// Bytes of the values in memory, coordinates not counted for a data array.
    pub n_bytes: u64,
    /// The array itself; `None` for a dataset.
    pub array: Option<VariableView>,
    pub coords: Vec<VariableView>,
    /// Variables of a dataset.
    pub variables: Vec<VariableView>,
    pub attrs: Vec<(String, String)>,
    /// The value failed: nothing else is shown.
    pub error: Option<ErrorView>,
}

/// An error and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorView {
    pub message: String,
    pub hint: Option<String>,
    pub place: Option<String>,
}

/// One variable or coordinate.
#[derive(Debug, Clone, Default)]
pub(crate) struct VariableView {
    pub name: String,
    pub dims: Vec<String>,
    pub shape: Vec<u64>,
    pub dtype: String,
    pub n_bytes: u64,
    /// A coordinate whose labels index its dimension.
    pub is_index: bool,
    /// How it is cut; `None` if the values are in memory in one piece.
    pub chunks: Option<ChunksView>,
    pub preview: Preview,
    pub attrs: Vec<(String, String)>,
    pub error: Option<ErrorView>,
}

/// How an array is cut into chunks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChunksView {
    /// Positions per axis of the largest chunk.
    pub largest: Vec<u64>,
    /// Chunks per axis.
    pub counts: Vec<u64>,
    /// Chunks in all, saturating.
    pub n_chunks: u64,
    /// Bytes of the largest chunk in memory.
    pub n_bytes: u64,
}

/// What is known of the values without reading more than a corner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Preview {
    /// Nothing was read.
    #[default]
    Unread,
    /// All values, or the first and the last of them.
    Values(Corner),
    /// The corner could not be read.
    Failed(String),
}

/// The first and the last values as text, in C order. If `n` is the number of both together, they are all there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Corner {
    pub first: Vec<String>,
    pub last: Vec<String>,
    pub n: u64,
}

impl Corner {
    /// All the values, if none is left out.
    pub fn all(&self) -> Option<Vec<&str>> {
        let known = (self.first.len() + self.last.len()) as u64;
        (known == self.n).then(|| self.first.iter().chain(&self.last).map(String::as_str).collect())
    }

    /// As many values as fit into `width` characters, from both ends, with "..." where some are left out.
    pub fn fitted(&self, width: usize) -> String {
        if let Some(all) = self.all() {
            let text = all.join(" ");
            if text.chars().count() <= width {
                return text;
            }
        }
        let first: Vec<&str> = self.first.iter().chain(&self.last).map(String::as_str).collect();
        let last: Vec<&str> = first.iter().rev().copied().collect();
        // One from the front, one from the back, as long as they fit; at least one of each is shown.
        let (mut front, mut back, mut used) = (0, 0, 3);
        loop {
            let from_front = front <= back;
            let next = if from_front { first.get(front) } else { last.get(back) };
            let limit = if from_front { self.first.len().max(1) } else { last.len() - front };
            let Some(text) = next.filter(|_| if from_front { front < limit } else { back < limit }) else { break };
            used += text.chars().count() + 1;
            if used > width && (front > 0 && back > 0) {
                break;
            }
            if from_front {
                front += 1;
            } else {
                back += 1;
            }
            if (front + back) as u64 >= self.n {
                break;
            }
        }
        let mut words: Vec<&str> = first[..front].to_vec();
        if ((front + back) as u64) < self.n {
            words.push("...");
        }
        words.extend(last[..back].iter().rev());
        words.join(" ")
    }
}
