//! Global heaps: text and lists of any length stand in them, and references to them in values and attributes. `hdf5-reader` has them too,
//! but takes what stands before an object for shorter than it is where lengths do not have eight bytes.
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use hdf5_reader::io::Cursor;
use terracube_cube::Result;

use super::Hdf5;

/// Heaps of more bytes than this are not kept together.
const KEPT: usize = 64 << 20;

/// The heaps of a file, each read once.
pub(super) struct Heaps<'a> {
    hdf: &'a Hdf5,
    kept: RefCell<HashMap<u64, Rc<Heap>>>,
}

/// One heap: its bytes, and where objects stand in them.
struct Heap {
    bytes: Vec<u8>,
    objects: HashMap<u16, Range<usize>>,
}

/// Bytes of a reference: a length, an address, and a number within the heap there.
pub(super) fn reference_size(hdf: &Hdf5) -> usize {
    8 + usize::from(hdf.offset_size())
}

impl<'a> Heaps<'a> {
    pub(super) fn new(hdf: &'a Hdf5) -> Self {
        Self { hdf, kept: RefCell::default() }
    }

    /// The bytes that a reference leads to; empty if it leads nowhere, as where nothing was ever written.
    ///
    /// # Errors
    /// If it leads to what is no object of a heap.
    pub(super) fn object(&self, reference: &[u8]) -> Result<Vec<u8>> {
        let offsets = self.hdf.offset_size();
        let (address, number) = (|| {
            let mut cursor = Cursor::new(reference);
            cursor.skip(4)?;
            Ok::<_, hdf5_reader::error::Error>((cursor.read_offset(offsets)?, cursor.read_u32_le()?))
        })()
        .map_err(|error| self.hdf.corrupt(error))?;
        if number == 0 || Cursor::is_undefined_offset(address, offsets) {
            return Ok(Vec::new());
        }
        let heap = self.heap(address)?;
        let range = u16::try_from(number).ok().and_then(|number| heap.objects.get(&number)).cloned();
        let object = range.and_then(|range| heap.bytes.get(range));
        object
            .map(<[u8]>::to_vec)
            .ok_or_else(|| self.hdf.corrupt(format!("the global heap at {address:#x} has no object {number}")))
    }

    /// The text that a reference leads to; a NUL ends it, as it does in C.
    ///
    /// # Errors
    /// If it leads to what is no object of a heap.
    pub(super) fn text(&self, reference: &[u8]) -> Result<String> {
        let object = self.object(reference)?;
        let end = object.iter().position(|&byte| byte == 0).unwrap_or(object.len());
        Ok(super::super::item::text_of(&object[..end]))
    }

    fn heap(&self, address: u64) -> Result<Rc<Heap>> {
        if let Some(heap) = self.kept.borrow().get(&address) {
            return Ok(heap.clone());
        }
        let heap = Heap::read(self.hdf, address)
            .map_err(|error| self.hdf.corrupt(format!("the global heap at {address:#x}: {error}")))?;
        let heap = Rc::new(heap);
        let mut kept = self.kept.borrow_mut();
        if kept.values().map(|heap| heap.bytes.len()).sum::<usize>() > KEPT {
            kept.clear();
        }
        kept.insert(address, heap.clone());
        Ok(heap)
    }
}

impl Heap {
    fn read(hdf: &Hdf5, address: u64) -> hdf5_reader::error::Result<Self> {
        let invalid = |what: &str| hdf5_reader::error::Error::InvalidData(what.to_owned());
        let (storage, lengths) = (hdf.file.storage(), hdf.length_size());
        // What stands before all objects, and before each of them, fills whole units of eight bytes.
        let head = padded(8 + usize::from(lengths));
        let start = storage.read_range(address, head)?;
        let mut cursor = Cursor::new(start.as_ref());
        if cursor.read_bytes(4)? != b"GCOL" || cursor.read_u8()? != 1 {
            return Err(invalid("it does not begin as a heap does"));
        }
        cursor.skip(3)?;
        let size = cursor.read_length(lengths)?;
        let size = usize::try_from(size).map_err(|_| invalid("its size makes no sense"))?;
        let bytes = storage.read_range(address, size)?.as_ref().to_vec();
        let (mut objects, mut at) = (HashMap::new(), head);
        while let Some(header) = bytes.get(at..at.saturating_add(head)) {
            let mut cursor = Cursor::new(header);
            let number = cursor.read_u16_le()?;
            // The room that is left.
            if number == 0 {
                break;
            }
            cursor.skip(6)?;
            let len = usize::try_from(cursor.read_length(lengths)?).unwrap_or(usize::MAX);
            let begin = at + head;
            let end = begin.checked_add(len).filter(|&end| end <= bytes.len());
            let end = end.ok_or_else(|| invalid("an object reaches past its end"))?;
            objects.insert(number, begin..end);
            at = begin.saturating_add(padded(len));
        }
        Ok(Self { bytes, objects })
    }
}

/// The next multiple of eight.
fn padded(size: usize) -> usize {
    size.checked_next_multiple_of(8).unwrap_or(usize::MAX)
}
