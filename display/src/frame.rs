//! The frames of the side channel between a notebook's process and the kernel: a JSON header and binary buffers.
//!
//! On the wire, all numbers little-endian: `u32` length of the header, `u32` number of buffers, one `u64` length per
//! buffer, the header (UTF-8 JSON), the buffers one after another. Both ends are on one machine and of one build.
use std::io::{self, Read, Write};

/// The largest header that is believed, in bytes; a longer one is a broken stream.
const MAX_HEADER: u32 = 64 << 20;
/// The largest number of buffers that is believed.
const MAX_BUFFERS: u32 = 4096;
/// The largest buffer that is believed, in bytes.
const MAX_BUFFER: u64 = 4 << 30;

/// One message of the side channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// A JSON document, already serialised.
    pub header: String,
    /// Binary parts that the header refers to by position.
    pub buffers: Vec<Vec<u8>>,
}

impl Frame {
    /// A frame without buffers.
    pub fn new(header: impl Into<String>) -> Self {
        Self { header: header.into(), buffers: Vec::new() }
    }

    /// Writes the frame and flushes.
    ///
    /// # Errors
    /// What the stream reports, and `InvalidInput` for a header over 64 MiB.
    pub fn write_to(&self, stream: &mut impl Write) -> io::Result<()> {
        let header_len = u32::try_from(self.header.len()).ok().filter(|len| *len <= MAX_HEADER);
        let n_buffers = u32::try_from(self.buffers.len()).ok().filter(|n| *n <= MAX_BUFFERS);
        let (Some(header_len), Some(n_buffers)) = (header_len, n_buffers) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the frame is too large for the side channel"));
        };
        let mut bytes = Vec::with_capacity(8 + 8 * self.buffers.len() + self.header.len());
        bytes.extend_from_slice(&header_len.to_le_bytes());
        bytes.extend_from_slice(&n_buffers.to_le_bytes());
        for buffer in &self.buffers {
            bytes.extend_from_slice(&(buffer.len() as u64).to_le_bytes());
        }
        bytes.extend_from_slice(self.header.as_bytes());
        stream.write_all(&bytes)?;
        for buffer in &self.buffers {
            stream.write_all(buffer)?;
        }
        stream.flush()
    }

    /// Reads the next frame.
    ///
    /// # Errors
    /// `UnexpectedEof` at the end of the stream, `InvalidData` for lengths that cannot be, otherwise what the stream
    /// reports.
    pub fn read_from(stream: &mut impl Read) -> io::Result<Self> {
        let header_len = u32::from_le_bytes(read_array(stream)?);
        let n_buffers = u32::from_le_bytes(read_array(stream)?);
        if header_len > MAX_HEADER || n_buffers > MAX_BUFFERS {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a frame of the side channel"));
        }
        let mut lengths = Vec::with_capacity(n_buffers as usize);
        for _ in 0..n_buffers {
            lengths.push(u64::from_le_bytes(read_array(stream)?));
        }
        if lengths.iter().any(|length| *length > MAX_BUFFER) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a frame of the side channel"));
        }
        let header = String::from_utf8(read_bytes(stream, u64::from(header_len))?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let buffers = lengths.into_iter().map(|length| read_bytes(stream, length)).collect::<io::Result<_>>()?;
        Ok(Self { header, buffers })
    }
}

fn read_array<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads exactly `length` bytes; grows as bytes arrive, so that a wrong length does not allocate gigabytes.
fn read_bytes(stream: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the side channel ended inside a frame"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_survives_the_wire() {
        let frames = [
            Frame::new("{}"),
            Frame {
                header: "{\"kind\":\"display\"}".into(),
                buffers: vec![vec![1, 2, 3], Vec::new(), vec![0; 70_000]],
            },
        ];
        let mut wire = Vec::new();
        for frame in &frames {
            frame.write_to(&mut wire).unwrap();
        }
        let mut reader = wire.as_slice();
        for frame in &frames {
            assert_eq!(&Frame::read_from(&mut reader).unwrap(), frame);
        }
        assert_eq!(Frame::read_from(&mut reader).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn broken_streams_are_errors() {
        assert_eq!(Frame::read_from(&mut [0xff; 64].as_slice()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let mut wire = Vec::new();
        Frame { header: "{}".into(), buffers: vec![vec![7; 100]] }.write_to(&mut wire).unwrap();
        wire.truncate(60);
        assert_eq!(Frame::read_from(&mut wire.as_slice()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
