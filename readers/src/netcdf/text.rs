//! NetCDF `char` arrays as strings: joined along the last axis, or one string per character.
use std::sync::Arc;

use terracube_cube::Result;
use terracube_cube::base::{Block, ChunkGrid, DType, Region};
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};

use super::item::padded_text;

/// Strings made of a source of characters (`U8`).
#[derive(Debug)]
pub struct JoinedText {
    characters: Arc<dyn Source>,
    joined: bool,
    grid: ChunkGrid,
}

impl JoinedText {
    /// Strings along the last axis, which falls away.
    pub fn joined(characters: Arc<dyn Source>) -> Self {
        let mut axes = characters.grid().axes().to_vec();
        axes.pop();
        Self { characters, joined: true, grid: ChunkGrid::new(axes) }
    }

    /// One string per character, the shape kept.
    pub fn single(characters: Arc<dyn Source>) -> Self {
        let grid = characters.grid().clone();
        Self { characters, joined: false, grid }
    }

    /// The region of the characters of `region`. Our character sources take any region, so the last axis comes whole.
    fn characters_of(&self, region: &Region) -> Region {
        let last = self.joined.then(|| self.characters.grid().axes().last().map(|axis| 0..axis.len())).flatten();
        Region::new(region.ranges().iter().cloned().chain(last).collect())
    }
}

impl Source for JoinedText {
    fn spec(&self) -> Option<SourceSpec> {
        self.characters.spec()
    }

    fn dtype(&self) -> DType {
        DType::Utf8
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn reads_parts(&self) -> bool {
        self.characters.reads_parts()
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        self.characters.encoded_bound(&self.characters_of(region))
    }

    fn decode_scratch(&self, region: &Region) -> u64 {
        let characters = self.characters_of(region);
        characters.size() + self.characters.decode_scratch(&characters)
    }

    fn fetch(&self, region: &Region) -> Fetch {
        self.characters.fetch(&self.characters_of(region))
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        let block = self.characters.decode(encoded, &self.characters_of(region))?.contiguous()?;
        let bytes = block.values::<u8>()?;
        let length = if self.joined { block.shape().last().copied().unwrap_or(0) } else { 1 };
        let n = region.size() as usize;
        Block::from_strings(&region.extents(), (0..n).map(|i| padded_text(&bytes[i * length..(i + 1) * length], false)))
    }
}
