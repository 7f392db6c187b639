//! Where requests of HTTP/1.1 begin and end, read beside the HTTP library and before it.
//!
//! The library settles an ambiguous request by itself: of a length and a transfer coding it drops the length, of two
//! equal lengths one, and it takes a lone line feed for a line's end. A proxy before this host may settle it otherwise,
//! and then one client's bytes become another's request. So nothing ambiguous reaches the library: the line at fault is
//! spoiled in place, with a NUL for its line feed, which the library refuses. It then answers in its turn,
//! after the requests before it, and takes nothing more from the connection.

/// Bytes of a line that are kept over reads. The two fields that matter are shorter, unless they are at fault.
const KEPT: usize = 64;
/// The first line of every HTTP/2 connection.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r";

/// Why a request cannot be told from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    LengthAndCoding,
    TwoLengths,
    NotALength,
    TwoCodings,
    OtherCoding,
    BareLineFeed,
    NotAChunk,
}

impl Fault {
    /// What the client is told.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::LengthAndCoding => "The request has both Content-Length and Transfer-Encoding: send one of them.",
            Self::TwoLengths => "The request has more than one Content-Length.",
            Self::NotALength => "The request's Content-Length is not a number of bytes.",
            Self::TwoCodings => "The request has more than one Transfer-Encoding.",
            Self::OtherCoding => "The request's Transfer-Encoding is not chunked, the only one that is understood.",
            Self::BareLineFeed => "A line of the request ends with a line feed alone, without a carriage return.",
            Self::NotAChunk => "A chunk of the request's body does not begin with its length.",
        }
    }
}

/// What comes next on a connection.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    place: Place,
    head: Head,
    line: Partial,
    /// A line of this connection has been read.
    begun: bool,
    fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// A request, or empty lines before it.
    #[default]
    Between,
    Fields,
    /// So many bytes of a body.
    Body(u64),
    ChunkSize,
    /// So many bytes of a chunk and its line end, which the library checks.
    Chunk(u64),
    Trailers,
    /// Frames, which say their length by themselves.
    Http2,
    /// Behind a fault.
    Lost,
}

/// What a head has said of its body so far.
#[derive(Debug, Default)]
struct Head {
    length: Option<u64>,
    chunked: bool,
}

/// The beginning of a line whose end has not come.
#[derive(Debug)]
struct Partial {
    start: [u8; KEPT],
    /// Of the whole line, kept or not.
    length: usize,
    last: u8,
}

impl Default for Partial {
    fn default() -> Self {
        Self { start: [0; KEPT], length: 0, last: 0 }
    }
}

/// A line without its line feed.
#[derive(Clone, Copy)]
struct Line<'a> {
    /// Its beginning, or all of it.
    start: &'a [u8],
    length: usize,
    last: u8,
}

impl Framing {
    /// Looks through what has come, and spoils the first line that is at fault.
    pub(crate) fn check(&mut self, mut fresh: &mut [u8]) {
        while !fresh.is_empty() {
            match self.place {
                Place::Http2 | Place::Lost => return,
                Place::Body(left) => fresh = self.skip(fresh, left, Place::Body, Place::Between),
                Place::Chunk(left) => fresh = self.skip(fresh, left, Place::Chunk, Place::ChunkSize),
                Place::Between | Place::Fields | Place::ChunkSize | Place::Trailers => {
                    let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else { return self.line.add(fresh) };
                    let (line, rest) = fresh.split_at_mut(end + 1);
                    match self.end_line(&line[..end]) {
                        Ok(next) => self.place = next,
                        Err(fault) => {
                            // Within a chunk's extensions a NUL would pass, and a line feed alone never does.
                            if (self.place, fault) != (Place::ChunkSize, Fault::BareLineFeed) {
                                line[end] = 0;
                            }
                            self.fault = Some(fault);
                            self.place = Place::Lost;
                        }
                    }
                    fresh = rest;
                }
            }
        }
    }

    /// What was wrong with the last request, which is the connection's last.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Whether the connection speaks HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        self.place == Place::Http2
    }

    /// Whether more of a request is to come, as far as is known.
    pub(crate) fn is_within_request(&self) -> bool {
        !matches!(self.place, Place::Between | Place::Http2)
    }

    fn skip<'a>(&mut self, bytes: &'a mut [u8], left: u64, within: fn(u64) -> Place, after: Place) -> &'a mut [u8] {
        let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let left = left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
        self.place = if left == 0 { after } else { within(left) };
        &mut bytes[here..]
    }

    fn end_line(&mut self, tail: &[u8]) -> Result<Place, Fault> {
        if self.line.length == 0 {
            let last = tail.last().copied().unwrap_or_default();
            return self.read(Line { start: tail, length: tail.len(), last });
        }
        self.line.add(tail);
        let Partial { start, length, last } = std::mem::take(&mut self.line);
        self.read(Line { start: &start[..length.min(KEPT)], length, last })
    }

    fn read(&mut self, line: Line<'_>) -> Result<Place, Fault> {
        if line.last != b'\r' {
            return Err(Fault::BareLineFeed);
        }
        let is_empty = line.length == 1;
        match self.place {
            Place::Between if is_empty => Ok(Place::Between),
            Place::Between => {
                let is_first = !std::mem::replace(&mut self.begun, true);
                Ok(if is_first && line.start == HTTP2 { Place::Http2 } else { Place::Fields })
            }
            Place::Fields if is_empty => Ok(std::mem::take(&mut self.head).body()),
            Place::Fields => self.head.field(line).map(|()| Place::Fields),
            Place::ChunkSize => match line.chunk_size().ok_or(Fault::NotAChunk)? {
                0 => Ok(Place::Trailers),
                // With the line end behind it.
                size => Ok(Place::Chunk(size.checked_add(2).ok_or(Fault::NotAChunk)?)),
            },
            Place::Trailers => Ok(if is_empty { Place::Between } else { Place::Trailers }),
            other @ (Place::Body(_) | Place::Chunk(_) | Place::Http2 | Place::Lost) => Ok(other),
        }
    }
}

impl Head {
    fn field(&mut self, line: Line<'_>) -> Result<(), Fault> {
        // Nearly every field is told by its first letter.
        if !matches!(line.start.first(), Some(b'c' | b'C' | b't' | b'T')) {
            return Ok(());
        }
        let Some(colon) = line.start.iter().position(|byte| *byte == b':') else { return Ok(()) };
        let (name, value) = line.start.split_at(colon);
        if name.eq_ignore_ascii_case(b"content-length") {
            self.stated(line.whole(value))
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.coded(line.whole(value))
        } else {
            Ok(())
        }
    }

    fn stated(&mut self, value: Option<&[u8]>) -> Result<(), Fault> {
        if self.chunked {
            return Err(Fault::LengthAndCoding);
        }
        let length = value.and_then(|value| number(value, 10)).ok_or(Fault::NotALength)?;
        if self.length.replace(length).is_some() { Err(Fault::TwoLengths) } else { Ok(()) }
    }

    fn coded(&mut self, value: Option<&[u8]>) -> Result<(), Fault> {
        if self.length.is_some() {
            return Err(Fault::LengthAndCoding);
        }
        if !value.is_some_and(|value| value.eq_ignore_ascii_case(b"chunked")) {
            return Err(Fault::OtherCoding);
        }
        if std::mem::replace(&mut self.chunked, true) { Err(Fault::TwoCodings) } else { Ok(()) }
    }

    fn body(self) -> Place {
        match (self.chunked, self.length) {
            (true, _) => Place::ChunkSize,
            (false, None | Some(0)) => Place::Between,
            (false, Some(length)) => Place::Body(length),
        }
    }
}

impl Partial {
    fn add(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        if let Some(room) = self.start.get_mut(self.length..) {
            let here = room.len().min(bytes.len());
            room[..here].copy_from_slice(&bytes[..here]);
        }
        self.length = self.length.saturating_add(bytes.len());
        self.last = *last;
    }
}

impl<'a> Line<'a> {
    /// The value behind a colon, trimmed; `None` of a line that may not have been kept whole.
    fn whole(self, from_colon: &'a [u8]) -> Option<&'a [u8]> {
        (self.length <= KEPT).then(|| trimmed(from_colon.get(1..).unwrap_or_default()))
    }

    /// The number before a chunk's extensions, if it can be told.
    fn chunk_size(self) -> Option<u64> {
        let end = self.start.iter().position(|byte| matches!(byte, b';' | b'\r'))?;
        number(trimmed(&self.start[..end]), 16)
    }
}

/// Without blanks around it, and without the carriage return at its end.
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r'] = value {
        value = rest;
    }
    value
}

/// Digits alone: no sign, no blank.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u64::from_str_radix(text, radix).ok()
}

#[cfg(test)]
mod tests;
