//! HDF5 filters, undone: one chunk in, its plain bytes out. Pure CPU, no lock.
use std::cell::RefCell;
use std::io::Read as _;

use hdf5_reader::filters::FilterRegistry;
use hdf5_reader::messages::filter_pipeline::FilterDescription;
use serde_json::{Value, json};
use terracube_cube::base::{recycled_bytes, recycled_vec, recycled_vec_of_len};
use terracube_cube::{Error, Result};

use super::super::guard::guarded;
use super::bitshuffle;

const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const SZIP: u16 = 4;
const NBIT: u16 = 5;
const SCALE_OFFSET: u16 = 6;
const BZIP2: u16 = 307;
const LZF: u16 = 32000;
const BLOSC: u16 = 32001;
const LZ4: u16 = 32004;
const BITSHUFFLE: u16 = 32008;
const ZSTD: u16 = 32015;

/// The filters of a dataset, in the order in which they were applied.
#[derive(Debug, Clone)]
pub(super) struct Filters(Vec<FilterDescription>);

impl Filters {
    /// Filters that can all be undone.
    ///
    /// # Errors
    /// If one is not supported; the error names it.
    pub(super) fn new(filters: Vec<FilterDescription>) -> Result<Self> {
        let known = [DEFLATE, SHUFFLE, FLETCHER32, SZIP, NBIT, SCALE_OFFSET, BZIP2, LZF, BLOSC, LZ4, BITSHUFFLE, ZSTD];
        match filters.iter().find(|filter| !known.contains(&filter.id)) {
            None => Ok(Self(filters)),
            Some(filter) => {
                Err(Error::unsupported(format!("its chunks went through the filter {}", Self::name(filter)))
                    .hint("write the file again with zlib or zstd (`nccopy -d 4`, `h5repack -f GZIP=4`)"))
            }
        }
    }

    /// A filter's name.
    pub(super) fn name(filter: &FilterDescription) -> String {
        match filter.id {
            DEFLATE => "zlib".into(),
            SHUFFLE => "shuffle".into(),
            FLETCHER32 => "fletcher32".into(),
            SZIP => "szip".into(),
            NBIT => "nbit".into(),
            SCALE_OFFSET => "scaleoffset".into(),
            BZIP2 => "bzip2".into(),
            LZF => "lzf".into(),
            BLOSC => "blosc".into(),
            LZ4 => "lz4".into(),
            BITSHUFFLE => "bitshuffle".into(),
            ZSTD => "zstd".into(),
            id => match &filter.name {
                Some(name) => format!("{} ({id})", name.trim_end_matches('\0')),
                None => format!("{id}"),
            },
        }
    }

    /// The filters as numcodecs describes them, in the order in which they were applied.
    ///
    /// # Errors
    /// If one has no counterpart there.
    pub(super) fn numcodecs(&self, item_size: usize) -> Result<Vec<Value>> {
        let one = |filter: &FilterDescription| {
            let word = |at: usize| filter.client_data.get(at).copied();
            Ok(match filter.id {
                DEFLATE => json!({"id": "zlib", "level": word(0).unwrap_or(1)}),
                SHUFFLE => {
                    json!({"id": "shuffle", "elementsize": word(0).filter(|&n| n > 0).unwrap_or(item_size as u32)})
                }
                FLETCHER32 => json!({"id": "fletcher32"}),
                BZIP2 => json!({"id": "bz2", "level": word(0).unwrap_or(9)}),
                ZSTD => json!({"id": "zstd", "level": word(0).unwrap_or(1)}),
                BLOSC => json!({"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}),
                _ => {
                    let message = format!("references have no codec for the filter {}", Self::name(filter));
                    return Err(Error::unsupported(message));
                }
            })
        };
        self.0.iter().map(one).collect()
    }

    /// Whether the stored bytes are the values.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Undoes all filters whose bit in `mask` is not set. `size` is the number of plain bytes. The result is memory that is wanted back
    /// (`recycled_buffer`).
    ///
    /// # Errors
    /// If the bytes are damaged.
    pub(super) fn undo(&self, bytes: &[u8], mask: u32, size: usize, item_size: usize) -> Result<Vec<u8>> {
        let mut current: Option<Vec<u8>> = None;
        for (position, filter) in self.0.iter().enumerate().rev() {
            if mask & 1u32.checked_shl(position as u32).unwrap_or(0) != 0 {
                continue;
            }
            // A checksum of an earlier filter may stand behind the values.
            let room = size + 4 * self.0.len();
            let input = current.as_deref().unwrap_or(bytes);
            let name = Self::name(filter);
            // Decoders of others may panic on damaged bytes.
            let output = guarded(&name, || {
                undo_one(filter, input, room, item_size).map_err(|error| Error::corrupt(format!("{name}: {error}")))
            })?;
            if let Some(done) = current.replace(output) {
                drop(recycled_bytes(done));
            }
        }
        Ok(current.unwrap_or_else(|| copied(bytes)))
    }
}

/// A copy in memory that came back.
fn copied(bytes: &[u8]) -> Vec<u8> {
    let mut copy = recycled_vec(bytes.len());
    copy.extend_from_slice(bytes);
    copy
}

fn undo_one(filter: &FilterDescription, input: &[u8], room: usize, item_size: usize) -> Result<Vec<u8>, String> {
    let word = |at: usize| filter.client_data.get(at).map(|&word| word as usize);
    match filter.id {
        DEFLATE => inflated(input, room),
        SHUFFLE => Ok(unshuffle(input, word(0).filter(|&n| n > 0).unwrap_or(item_size))),
        FLETCHER32 => {
            let plain = input.len().saturating_sub(4);
            verified(input).map(|()| copied(&input[..plain]))
        }
        BZIP2 => read_all(bzip2::read::BzDecoder::new(input), room),
        ZSTD => read_all(zstd::stream::read::Decoder::new(input).map_err(|e| e.to_string())?, room),
        BLOSC => blosc(input, room),
        LZ4 => lz4(input, room),
        LZF => lzf(input, word(2).filter(|&n| n > 0 && n <= room).unwrap_or(room)),
        BITSHUFFLE => {
            bitshuffle::undo(input, word(2).unwrap_or(item_size), word(3).unwrap_or(0), word(4).unwrap_or(0), room)
        }
        // The rarer ones of HDF5 itself.
        _ => FilterRegistry::new().apply_with_limit(filter, input, item_size, Some(room)).map_err(|e| e.to_string()),
    }
}

/// Holds the bytes against the checksum behind them.
fn verified(input: &[u8]) -> Result<(), String> {
    hdf5_reader::filters::fletcher32::verify_and_strip(input).map(|_| ()).map_err(|e| e.to_string())
}

fn inflated(input: &[u8], room: usize) -> Result<Vec<u8>, String> {
    thread_local! {
        static INFLATER: RefCell<libdeflater::Decompressor> = RefCell::new(libdeflater::Decompressor::new());
    }
    let mut output = recycled_vec_of_len::<u8>(room);
    let n =
        INFLATER.with_borrow_mut(|inflater| inflater.zlib_decompress(input, &mut output)).map_err(|e| e.to_string())?;
    output.truncate(n);
    Ok(output)
}

fn read_all(decoder: impl std::io::Read, room: usize) -> Result<Vec<u8>, String> {
    let mut output = recycled_vec(room);
    decoder.take(room as u64 + 1).read_to_end(&mut output).map_err(|e| e.to_string())?;
    if output.len() > room { Err("it holds more than a chunk".into()) } else { Ok(output) }
}

fn blosc(input: &[u8], room: usize) -> Result<Vec<u8>, String> {
    let (plain, _, _) = blusc::blosc1_cbuffer_sizes(input);
    if plain > room {
        return Err("it holds more than a chunk".into());
    }
    let mut output = recycled_vec_of_len::<u8>(plain);
    match blusc::blosc1_decompress(input, &mut output) {
        n if usize::try_from(n) == Ok(plain) => Ok(output),
        code => Err(format!("it cannot be decompressed (code {code})")),
    }
}

/// The LZ4 filter: the size of all, the size of a block, and blocks with their packed sizes in front; one that did not shrink stands as it is.
fn lz4(input: &[u8], room: usize) -> Result<Vec<u8>, String> {
    let short = || "it is cut off".to_owned();
    let (head, mut rest) = input.split_at_checked(12).ok_or_else(short)?;
    let total = usize::try_from(u64::from_be_bytes(head[..8].try_into().map_err(|_| short())?)).map_err(|_| short())?;
    let block = u32::from_be_bytes(head[8..].try_into().map_err(|_| short())?) as usize;
    if total > room || (block == 0 && total > 0) {
        return Err("its header makes no sense".into());
    }
    let mut output = recycled_vec(total);
    while output.len() < total {
        let n = block.min(total - output.len());
        let (size, tail) = rest.split_at_checked(4).ok_or_else(short)?;
        let size = u32::from_be_bytes(size.try_into().map_err(|_| short())?) as usize;
        let (bytes, tail) = tail.split_at_checked(size).ok_or_else(short)?;
        rest = tail;
        if size == n {
            output.extend_from_slice(bytes);
            continue;
        }
        let plain = lz4_flex::block::decompress(bytes, n).map_err(|e| e.to_string())?;
        if plain.len() != n {
            return Err(short());
        }
        output.extend_from_slice(&plain);
    }
    Ok(output)
}

/// Byte `k` of value `i` stands at `k·n + i`.
fn unshuffle(input: &[u8], item_size: usize) -> Vec<u8> {
    if item_size <= 1 || input.len() < item_size {
        return copied(input);
    }
    let n = input.len() / item_size;
    let mut output = recycled_vec_of_len::<u8>(input.len());
    // Bytes that do not fill a value stand unshuffled at the end.
    let (values, rest) = output.split_at_mut(n * item_size);
    rest.copy_from_slice(&input[n * item_size..]);
    let lane = |k: usize| &input[k * n..(k + 1) * n];
    // Each value at once, so that compilers put bytes together in vectors.
    match item_size {
        2 => {
            let bytes = lane(0).iter().zip(lane(1));
            values.as_chunks_mut().0.iter_mut().zip(bytes).for_each(|(value, (&a, &b))| *value = [a, b]);
        }
        4 => {
            let bytes = lane(0).iter().zip(lane(1)).zip(lane(2)).zip(lane(3));
            let values = values.as_chunks_mut().0.iter_mut();
            values
                .zip(bytes)
                .for_each(|(value, (((&a, &b), &c), &d))| *value = u32::from_le_bytes([a, b, c, d]).to_le_bytes());
        }
        8 => {
            let low = lane(0).iter().zip(lane(1)).zip(lane(2)).zip(lane(3));
            let high = lane(4).iter().zip(lane(5)).zip(lane(6)).zip(lane(7));
            let values = values.as_chunks_mut().0.iter_mut();
            values.zip(low.zip(high)).for_each(|(value, ((((&a, &b), &c), &d), (((&e, &f), &g), &h)))| {
                *value = u64::from_le_bytes([a, b, c, d, e, f, g, h]).to_le_bytes();
            });
        }
        size => {
            for (i, value) in values.chunks_exact_mut(size).enumerate() {
                for (k, byte) in value.iter_mut().enumerate() {
                    *byte = input[k * n + i];
                }
            }
        }
    }
    output
}

/// h5py's own filter: LibLZF.
fn lzf(input: &[u8], room: usize) -> Result<Vec<u8>, String> {
    let mut output = Vec::with_capacity(room);
    let mut bytes = input.iter().copied();
    let short = || "it is cut off".to_owned();
    while let Some(control) = bytes.next() {
        if control < 32 {
            for _ in 0..=control {
                output.push(bytes.next().ok_or_else(short)?);
            }
        } else {
            let mut len = usize::from(control >> 5);
            if len == 7 {
                len += usize::from(bytes.next().ok_or_else(short)?);
            }
            let back = (usize::from(control & 31) << 8 | usize::from(bytes.next().ok_or_else(short)?)) + 1;
            let start = output.len().checked_sub(back).ok_or("it refers to what is before its start")?;
            for i in start..start + len + 2 {
                output.push(output[i]);
            }
        }
        if output.len() > room {
            return Err("it holds more than a chunk".into());
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(id: u16, client_data: Vec<u32>) -> FilterDescription {
        FilterDescription { id, name: None, client_data }
    }

    #[test]
    fn blocks_that_lie_outside_of_their_chunk_are_an_error() {
        let filters = Filters::new(vec![filter(BLOSC, vec![])]).unwrap();
        for codec in 0..5u8 {
            for start in [20u32, 300, 0x4000_0094, u32::MAX] {
                // Version, flags, size of items, bytes, bytes of a block, bytes of the chunk; where the block stands.
                let mut bytes = vec![2, 1, codec << 5, 1];
                [500u32, 500, 303, start].iter().for_each(|word| bytes.extend(word.to_le_bytes()));
                bytes.resize(303, 0x7f);
                assert!(filters.undo(&bytes, 0, 500, 1).is_err(), "codec {codec}, start {start}");
            }
        }
    }

    #[test]
    fn filters_are_undone_in_reverse_and_masked_ones_skipped() {
        let plain: Vec<u8> = (0..64u32).flat_map(|i| (i * 3).to_le_bytes()).collect();
        let n = plain.len() / 4;
        let shuffled: Vec<u8> = (0..plain.len()).map(|at| plain[at % n * 4 + at / n]).collect();
        let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut packed = vec![0; packer.zlib_compress_bound(shuffled.len())];
        let size = packer.zlib_compress(&shuffled, &mut packed).unwrap();
        packed.truncate(size);
        let filters = Filters::new(vec![filter(SHUFFLE, vec![4]), filter(DEFLATE, vec![4])]).unwrap();
        assert_eq!(filters.undo(&packed, 0, plain.len(), 4).unwrap(), plain);
        assert_eq!(filters.undo(&shuffled, 2, plain.len(), 4).unwrap(), plain);
        assert_eq!(filters.undo(&plain, 3, plain.len(), 4).unwrap(), plain);
        assert!(filters.undo(&packed[..20], 0, plain.len(), 4).unwrap_err().to_string().starts_with("zlib: "));
        let error = Filters::new(vec![filter(32013, vec![])]).unwrap_err();
        assert!(error.to_string().contains("filter 32013; write the file again"), "{error}");
    }

    #[test]
    fn lzf_repeats_what_came_before() {
        assert_eq!(lzf(&[2, b'a', b'b', b'c', 0x80, 2, 0, b'x'], 99).unwrap(), b"abcabcabcx");
        assert!(lzf(&[0x20, 9], 99).is_err());
        assert!(lzf(&[5, 1], 99).is_err());
    }
}
