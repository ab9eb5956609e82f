//! Makes the words of a hostile or careless producer harmless before lapin reads them.
//!
//! RabbitMQ passes on whatever a producer put into a message's properties. lapin's parser recurses into nested headers,
//! and tens of thousands of levels fit into one frame: the stack overflows and the process dies. The parser also takes
//! every short string for UTF-8, and gives up the connection where one is not. Either would happen again with the next
//! delivery, for ever, and the worker could write no dead letter of a message that it cannot read.
//!
//! So the worker sanitizes frames in place, and no frame changes its length: a value nested deeper than [`MAX_DEPTH`]
//! becomes an opaque byte array (its encoding differs in the type alone), and a byte that is not UTF-8 becomes `?`. The
//! message is then judged by its body, like any other.
//!
//! The report and the patch that would make this needless are in `docs/upstream.md`.
//!
//! Rejected: a larger stack for lapin's thread. lapin does not let us choose it, and no stack helps with the strings.

/// How deep headers may be nested. Real ones have two or three levels.
const MAX_DEPTH: usize = 32;

/// What surrounds a frame's payload: kind, channel and size before it, the end marker behind it.
const BEFORE_PAYLOAD: usize = 7;
const AFTER_PAYLOAD: usize = 1;

const METHOD: u8 = 1;
const HEADER: u8 = 2;

/// The length of the frame that these bytes begin with; none if they are too few to tell.
pub fn frame_len(bytes: &[u8]) -> Option<usize> {
    let size = bytes.get(3..BEFORE_PAYLOAD)?.try_into().ok()?;
    let size = usize::try_from(u32::from_be_bytes(size)).ok()?;
    Some(BEFORE_PAYLOAD + size + AFTER_PAYLOAD)
}

/// How many bytes a message has, this frame included; none if this whole frame does not begin a message's content.
pub fn content_len(frame: &[u8]) -> Option<usize> {
    const BODY_SIZE: std::ops::Range<usize> = BEFORE_PAYLOAD + 4..BEFORE_PAYLOAD + 12;

    let size = frame.get(BODY_SIZE)?.try_into().ok()?;
    let size = usize::try_from(u64::from_be_bytes(size)).ok()?;
    (*frame.first()? == HEADER).then(|| size.saturating_add(frame.len()))
}

/// Makes one whole frame harmless, in place.
pub fn sanitize(frame: &mut [u8]) {
    let Some((kind, payload)) = frame.split_first_mut() else {
        return;
    };
    let mut cursor = FrameCursor {
        bytes: payload,
        at: BEFORE_PAYLOAD - 1,
    };
    // Nothing is left to sanitize in a frame that ends too early, and lapin will say what is wrong with it.
    let _ = match *kind {
        METHOD => cursor.method(),
        HEADER => cursor.header(),
        _ => Some(()),
    };
}

/// Where in a frame the next byte is read.
struct FrameCursor<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl FrameCursor<'_> {
    /// The methods that carry a producer's words: a message delivered, and one that was asked for.
    fn method(&mut self) -> Option<()> {
        const DELIVER: [u8; 4] = [0, 60, 0, 60];
        const GET_OK: [u8; 4] = [0, 60, 0, 71];
        const TAG_AND_REDELIVERED: usize = 9;

        match self.array::<4>()? {
            DELIVER => self.short_string()?,
            GET_OK => {}
            _ => return Some(()),
        }
        self.skip(TAG_AND_REDELIVERED)?;
        // The exchange, and the routing key.
        self.short_string()?;
        self.short_string()
    }

    /// A message's properties, in the order of their flags.
    fn header(&mut self) -> Option<()> {
        const CLASS_WEIGHT_AND_SIZE: usize = 12;
        const PROPERTIES: &[u8; 14] = b"ssTbbssss8ssss";

        self.skip(CLASS_WEIGHT_AND_SIZE)?;
        let flags = u16::from_be_bytes(self.array()?);
        for (number, property) in PROPERTIES.iter().enumerate() {
            if flags & (0x8000 >> number) == 0 {
                continue;
            }
            match property {
                b's' => self.short_string()?,
                b'T' => self.table()?,
                b'8' => self.skip(8)?,
                _ => self.skip(1)?,
            }
        }
        Some(())
    }

    /// Walks a table and all that is in it without recursion.
    fn table(&mut self) -> Option<()> {
        // Where each table or array that is still open ends, and whether its values have names.
        let mut open = vec![(self.end()?, true)];
        while let Some(&(end, named)) = open.last() {
            if self.at >= end {
                open.pop();
                continue;
            }
            if named {
                self.short_string()?;
            }
            let kind = self.at;
            match self.array()? {
                [b'F' | b'A'] if open.len() == MAX_DEPTH => {
                    *self.bytes.get_mut(kind)? = b'x';
                    self.at = self.end()?;
                }
                [kind @ (b'F' | b'A')] => open.push((self.end()?, kind == b'F')),
                [b'S' | b'x'] => self.at = self.end()?,
                [b't' | b'b' | b'B'] => self.skip(1)?,
                [b's' | b'U' | b'u'] => self.skip(2)?,
                [b'I' | b'i' | b'f'] => self.skip(4)?,
                [b'D'] => self.skip(5)?,
                [b'l' | b'L' | b'd' | b'T'] => self.skip(8)?,
                [b'V'] => {}
                // The broker knows no others.
                [_] => return None,
            }
        }
        Some(())
    }

    /// Reads the length of something, and says where it ends.
    fn end(&mut self) -> Option<usize> {
        let length = u32::from_be_bytes(self.array()?);
        self.at.checked_add(usize::try_from(length).ok()?)
    }

    fn short_string(&mut self) -> Option<()> {
        let [length] = self.array()?;
        let start = self.at;
        self.skip(usize::from(length))?;
        let text = self.bytes.get_mut(start..self.at)?;
        if std::str::from_utf8(text).is_err() {
            for byte in text.iter_mut().filter(|byte| !byte.is_ascii()) {
                *byte = b'?';
            }
        }
        Some(())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let start = self.at;
        self.skip(N)?;
        self.bytes.get(start..self.at)?.try_into().ok()
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes)?;
        (self.at <= self.bytes.len()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[kind, 0, 1], &size[..], payload, &[0xCE]].concat()
    }

    fn header(flags: u16, properties: &[u8]) -> Vec<u8> {
        let payload = [&[0, 60, 0, 0], &[0; 8][..], &flags.to_be_bytes(), properties].concat();
        frame(HEADER, &payload)
    }

    fn sized(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
    }

    /// A table of one member, `levels` tables deep.
    fn nested(levels: usize) -> Vec<u8> {
        (1..levels).fold(sized(b"\x01nV"), |inner, _| {
            sized(&[b"\x01nF", &inner[..]].concat())
        })
    }

    #[track_caller]
    fn assert_sanitized(before: &[u8], after: &[u8]) {
        let mut frame = before.to_vec();
        sanitize(&mut frame);
        assert_eq!(frame, after);
    }

    #[test]
    fn what_is_in_order_stays_as_it_is() {
        let every_type = [
            &b"\x01at\x01\x01bb\x01\x01cB\x01\x01ss\0\x01\x01uu\0\x01\x01II\0\0\0\x01\x01ii\0\0\0\x01"[..],
            b"\x01ff\0\0\0\0\x01DD\x02\0\0\0\x01\x01ll\0\0\0\0\0\0\0\x01\x01dd\0\0\0\0\0\0\0\0",
            b"\x01TT\0\0\0\0\0\0\0\0\x01VV\x01SS\0\0\0\x02\xff\xfe\x01xx\0\0\0\x01\xff",
            b"\x01AA\0\0\0\x03Vt\x01\x01FF\0\0\0\x03\x01nV",
        ]
        .concat();
        let fine = [
            header(0x2000, &sized(&every_type)),
            header(
                0xFFFC,
                &[
                    b"\x01t\x01e",
                    &nested(MAX_DEPTH)[..],
                    b"\x02\x01\x01c\x01r\x01x\x02\xc3\xa9",
                    &[0; 8],
                    b"\x01t\x01u\x01a\x01c",
                ]
                .concat(),
            ),
            frame(METHOD, b"\0\x3c\0\x3c\x01c\0\0\0\0\0\0\0\x01\0\x01e\x01k"),
            frame(METHOD, b"\0\x0a\0\x0a\xff\xff\xff"),
            frame(3, b"\xff\xfe"),
        ];
        for frame in fine {
            assert_sanitized(&frame, &frame);
        }
    }

    #[test]
    fn what_is_nested_too_deep_becomes_bytes() {
        let before = header(0x2000, &nested(MAX_DEPTH + 3));
        let mut after = before.clone();
        let types: Vec<usize> = (0..before.len()).filter(|at| before[*at] == b'F').collect();
        after[types[MAX_DEPTH - 1]] = b'x';
        assert_sanitized(&before, &after);
    }

    #[test]
    fn a_short_string_that_is_no_text_is_made_one() {
        // A header's name and the message id behind the headers.
        assert_sanitized(
            &header(0x2080, &[&sized(b"\x02n\xfcV")[..], b"\x03\xffid"].concat()),
            &header(0x2080, &[&sized(b"\x02n?V")[..], b"\x03?id"].concat()),
        );
        for method in [&b"\0\x3c\0\x3c\x01c"[..], b"\0\x3c\0\x47"] {
            let message = |key: &[u8]| {
                let tag = b"\0\0\0\0\0\0\0\x01\0";
                frame(METHOD, &[method, tag, b"\x01\xe9\x02", key].concat())
            };
            let mut after = message(b"k?");
            let exchange = after.len() - 5;
            after[exchange] = b'?';
            assert_sanitized(&message(b"k\xe9"), &after);
        }
    }

    #[test]
    fn a_frame_cut_anywhere_is_left_to_lapin() {
        let whole = header(0x2080, &[&nested(3)[..], b"\x02id"].concat());
        for length in 0..whole.len() {
            sanitize(&mut whole[..length].to_vec());
        }
        assert_eq!(frame_len(&whole), Some(whole.len()));
        assert_eq!(frame_len(&whole[..6]), None);
    }

    #[test]
    fn a_content_header_says_how_large_its_message_is() {
        let mut header = header(0, b"");
        header[18] = 5;
        assert_eq!(content_len(&header), Some(header.len() + 5));
        assert_eq!(content_len(&frame(METHOD, &[0; 20])), None);
        assert_eq!(content_len(&frame(HEADER, b"")), None);
    }
}
