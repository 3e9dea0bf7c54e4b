//! The bitshuffle filter: bits of equal weight brought together block by block, each block perhaps packed by LZ4 or Zstandard.

/// How the blocks are packed.
const PLAIN: usize = 0;
const LZ4: usize = 2;
const ZSTD: usize = 3;

/// Undoes the filter. `block_size` counts values, 0 for the library's own choice; `packing` is its code in the filter's settings.
pub(super) fn undo(
    input: &[u8],
    item_size: usize,
    block_size: usize,
    packing: usize,
    room: usize,
) -> Result<Vec<u8>, String> {
    let item_size = item_size.max(1);
    let short = || "it is cut off".to_owned();
    if packing == PLAIN {
        let block = if block_size == 0 { default_block(item_size) } else { block_size };
        return Ok(unshuffled(input, item_size, block));
    }
    let (head, mut rest) = input.split_at_checked(12).ok_or_else(short)?;
    let total = u64::from_be_bytes(head[..8].try_into().map_err(|_| short())?) as usize;
    let block_bytes = u32::from_be_bytes(head[8..].try_into().map_err(|_| short())?) as usize;
    let block = if block_bytes == 0 { default_block(item_size) } else { block_bytes / item_size };
    if total > room || block == 0 || block % 8 != 0 {
        return Err("its header makes no sense".into());
    }
    let mut output = Vec::with_capacity(total);
    let n_values = total / item_size;
    // The last block is shorter, but still a multiple of 8 values; what is left after it is not packed.
    let packed_values = n_values / 8 * 8;
    while output.len() < packed_values * item_size {
        let values = block.min(packed_values - output.len() / item_size);
        let (size, tail) = rest.split_at_checked(4).ok_or_else(short)?;
        let size = u32::from_be_bytes(size.try_into().map_err(|_| short())?) as usize;
        let (bytes, tail) = tail.split_at_checked(size).ok_or_else(short)?;
        rest = tail;
        let plain = match packing {
            LZ4 => lz4_flex::block::decompress(bytes, values * item_size).map_err(|e| e.to_string())?,
            ZSTD => zstd::bulk::decompress(bytes, values * item_size).map_err(|e| e.to_string())?,
            code => return Err(format!("its blocks are packed in an unknown way ({code})")),
        };
        if plain.len() != values * item_size {
            return Err(short());
        }
        output.extend(unshuffled(&plain, item_size, values));
    }
    output.extend_from_slice(rest.get(..total - output.len()).ok_or_else(short)?);
    Ok(output)
}

/// The library's choice: 8 kB, a multiple of 8 values, at least 128 of them.
fn default_block(item_size: usize) -> usize {
    (8192 / item_size / 8 * 8).max(128)
}

fn unshuffled(input: &[u8], item_size: usize, block: usize) -> Vec<u8> {
    let mut output = vec![0; input.len()];
    let n_values = input.len() / item_size / 8 * 8;
    let mut start = 0;
    while start < n_values {
        let values = block.min(n_values - start);
        let (from, to) = (start * item_size, (start + values) * item_size);
        let (source, target) = (&input[from..to], &mut output[from..to]);
        let row = values / 8;
        for bit in 0..item_size * 8 {
            for (group, &byte) in source[bit * row..(bit + 1) * row].iter().enumerate() {
                for k in 0..8 {
                    target[(group * 8 + k) * item_size + bit / 8] |= (byte >> k & 1) << (bit % 8);
                }
            }
        }
        start += values;
    }
    let done = n_values * item_size;
    output[done..].copy_from_slice(&input[done..]);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shuffled(input: &[u8], item_size: usize) -> Vec<u8> {
        let values = input.len() / item_size;
        let mut output = vec![0; input.len()];
        for value in 0..values {
            for bit in 0..item_size * 8 {
                let set = input[value * item_size + bit / 8] >> (bit % 8) & 1;
                output[bit * values / 8 + value / 8] |= set << (value % 8);
            }
        }
        output
    }

    #[test]
    fn blocks_and_the_rest_come_back() {
        let plain: Vec<u8> = (0..35u32).flat_map(|i| (i * 77_777).to_le_bytes()).collect();
        let mut packed = (plain.len() as u64).to_be_bytes().to_vec();
        packed.extend((16u32 * 4).to_be_bytes());
        for block in plain[..128].chunks(64) {
            let block = lz4_flex::block::compress(&shuffled(block, 4));
            packed.extend((block.len() as u32).to_be_bytes());
            packed.extend(block);
        }
        packed.extend(&plain[128..]);
        assert_eq!(undo(&packed, 4, 16, LZ4, plain.len()).unwrap(), plain);
        assert!(undo(&packed[..60], 4, 16, LZ4, plain.len()).is_err());
    }
}
