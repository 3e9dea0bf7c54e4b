//! Checksums of numcodecs: four bytes before or behind what they are of.
use hdf5_reader::checksum::fletcher32;
use serde_json::{Map, Value};

/// A checksum and where it stands.
#[derive(Debug)]
pub(super) struct Checksum {
    sum: Sum,
    at_start: bool,
}

#[derive(Debug)]
enum Sum {
    Crc32,
    Crc32c,
    Fletcher32,
    /// Begun from a value, over a prefix too.
    Jenkins {
        initial: u32,
        prefix: Vec<u8>,
    },
}

impl Checksum {
    /// The checksum that a configuration of numcodecs tells.
    ///
    /// # Errors
    /// If there is no such checksum, or its configuration makes no sense.
    pub(super) fn of(name: &str, configuration: &Map<String, Value>) -> Result<Self, String> {
        let (sum, at_start) = match name {
            "crc32" => (Sum::Crc32, true),
            "crc32c" => (Sum::Crc32c, false),
            "fletcher32" => (Sum::Fletcher32, false),
            "jenkins_lookup3" => (Self::jenkins(configuration)?, false),
            _ => return Err(format!("the checksum {name} is not supported")),
        };
        let at_start = match configuration.get("location").and_then(Value::as_str) {
            None => at_start,
            Some("start") => true,
            Some("end") => false,
            Some(other) => return Err(format!("the codec {name} has no location `{other}`")),
        };
        Ok(Self { sum, at_start })
    }

    fn jenkins(configuration: &Map<String, Value>) -> Result<Sum, String> {
        let initial = match configuration.get("initval") {
            None | Some(Value::Null) => 0,
            Some(value) => value.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| {
                format!("the codec jenkins_lookup3 cannot begin from {value}: a number of 32 bits is expected")
            })?,
        };
        let prefix = match configuration.get("prefix") {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(bytes)) => {
                bytes.iter().map(|byte| byte.as_u64().and_then(|n| u8::try_from(n).ok())).collect()
            }
            Some(_) => None,
        };
        let prefix = prefix.ok_or("the prefix of the codec jenkins_lookup3 is no list of bytes")?;
        Ok(Sum::Jenkins { initial, prefix })
    }

    /// The bytes without their checksum.
    ///
    /// # Errors
    /// If it is not that of the bytes.
    pub(super) fn taken_off<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], String> {
        let split = match self.at_start {
            true => bytes.split_first_chunk::<4>().map(|(sum, plain)| (plain, sum)),
            false => bytes.split_last_chunk::<4>(),
        };
        let (plain, stored) = split.ok_or("it is cut off before the end of its checksum")?;
        let (stored, found) = (u32::from_le_bytes(*stored), self.sum.of(plain));
        if stored != found {
            return Err(format!("its checksum is {stored:08x}, that of its bytes {found:08x}"));
        }
        Ok(plain)
    }

    /// The bytes with their checksum.
    pub(super) fn put(&self, plain: &[u8]) -> Vec<u8> {
        let sum = self.sum.of(plain).to_le_bytes();
        if self.at_start { [&sum, plain].concat() } else { [plain, &sum].concat() }
    }
}

impl Sum {
    fn of(&self, bytes: &[u8]) -> u32 {
        match self {
            Self::Crc32 => crc32fast::hash(bytes),
            Self::Crc32c => crc32c::crc32c(bytes),
            Self::Fletcher32 => fletcher32(bytes),
            Self::Jenkins { initial, prefix } if prefix.is_empty() => lookup3(bytes, *initial),
            Self::Jenkins { initial, prefix } => lookup3(&[prefix, bytes].concat(), *initial),
        }
    }
}

/// Bob Jenkins's hash of bytes, as HDF5 has it, begun from a value.
fn lookup3(bytes: &[u8], initial: u32) -> u32 {
    let begin = 0xdead_beef_u32.wrapping_add(bytes.len() as u32).wrapping_add(initial);
    let (mut a, mut b, mut c) = (begin, begin, begin);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (part, tail) = rest.split_at(rest.len().min(12));
        let mut block = [0; 12];
        block[..part.len()].copy_from_slice(part);
        let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        (a, b, c) = (a.wrapping_add(word(0)), b.wrapping_add(word(4)), c.wrapping_add(word(8)));
        if tail.is_empty() {
            for (turn_c, turn_a, turn_b) in [(14, 11, 25), (16, 4, 14)] {
                c = (c ^ b).wrapping_sub(b.rotate_left(turn_c));
                a = (a ^ c).wrapping_sub(c.rotate_left(turn_a));
                b = (b ^ a).wrapping_sub(a.rotate_left(turn_b));
            }
            return (c ^ b).wrapping_sub(b.rotate_left(24));
        }
        for (turn_a, turn_b, turn_c) in [(4, 6, 8), (16, 19, 4)] {
            a = a.wrapping_sub(c) ^ c.rotate_left(turn_a);
            c = c.wrapping_add(b);
            b = b.wrapping_sub(a) ^ a.rotate_left(turn_b);
            a = a.wrapping_add(c);
            c = c.wrapping_sub(b) ^ b.rotate_left(turn_c);
            b = b.wrapping_add(a);
        }
        rest = tail;
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookup3_is_that_of_hdf5() {
        for n in 0..60u8 {
            let bytes: Vec<u8> = (0..n).map(|i| i.wrapping_mul(37)).collect();
            assert_eq!(lookup3(&bytes, 0), hdf5_reader::checksum::jenkins_lookup3(&bytes), "{n} bytes");
        }
    }
}
