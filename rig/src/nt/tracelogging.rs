//! Events that describe themselves (TraceLogging), decoded as tools for tracing do it.
//!
//! Sources: evntprov.h (`EVENT_DATA_DESCRIPTOR`, `EVENT_DESCRIPTOR.Channel`, provider traits), and
//! TraceLoggingProvider.h of the Windows SDK for the bytes:
//!
//! ```text
//!   provider  size:u16  name:utf-8 0  traits ...
//!   event     size:u16  tags:u8 (more while bit 7)  name:utf-8 0  fields
//!   field     name:utf-8 0  type:u8 [out:u8 [tags ...] if bit 7]  [count:u16 if bit 5 of the type]
//! ```

/// What a piece of an event is (`EVENT_DATA_DESCRIPTOR.Type`).
const VALUE: u8 = 0;
const EVENT: u8 = 1;
const PROVIDER: u8 = 2;
/// The channel of such events.
const TRACE_LOGGING: u8 = 11;
/// `TlgInTypeMask` and the bits above it.
const TYPE: u8 = 0x1F;
const FIXED_COUNT: u8 = 0x20;
const VARIABLE_COUNT: u8 = 0x40;
const MORE: u8 = 0x80;
/// `TlgInSTRUCT`: what follows belongs to it.
const STRUCT: u8 = 24;

/// A piece of an event as the driver hands it over.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) kind: u8,
    pub(crate) bytes: Vec<u8>,
}

/// An event that a driver wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenEvent {
    /// When, in nanoseconds of virtual time.
    pub time_ns: u64,
    /// The provider's name.
    pub provider: String,
    /// The event's.
    pub name: String,
    /// 1 critical, 2 error, 3 warning, 4 information, 5 verbose.
    pub level: u8,
    /// Names and values of its fields.
    pub fields: Vec<(String, String)>,
}

/// What is left to be read, and what was.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| format!("{what} is cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self, what: &str) -> Result<u8, String> {
        Ok(self.take(1, what)?[0])
    }

    fn word(&mut self, what: &str) -> Result<u16, String> {
        Ok(number(self.take(2, what)?) as u16)
    }

    /// Text up to its zero.
    fn text(&mut self, what: &str) -> Result<String, String> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or_else(|| format!("{what} has no end"))?;
        let text = self.take(end, what)?.to_vec();
        self.take(1, what)?;
        String::from_utf8(text).map_err(|_| format!("{what} is no UTF-8"))
    }

    /// Tags: bytes whose bit 7 says that another one follows.
    fn tags(&mut self) -> Result<(), String> {
        while self.byte("a list of tags")? & MORE != 0 {}
        Ok(())
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    (number(bytes) << unused).cast_signed() >> unused
}

/// Looks at the size with which a description begins; the rest of it.
fn sized<'a>(bytes: &'a [u8], what: &str) -> Result<Reader<'a>, String> {
    let mut reader = Reader(bytes);
    let size = reader.word(what)?;
    if usize::from(size) == bytes.len() {
        Ok(reader)
    } else {
        Err(format!("{what} says that it has {size} bytes, and has {}", bytes.len()))
    }
}

/// The name in a provider's traits.
pub(crate) fn provider(traits: &[u8]) -> Result<String, String> {
    let what = "the description of the provider";
    sized(traits, what)?.text(what)
}

/// Decodes an event: its pieces, its channel, and the traits of its provider if they were set.
pub(crate) fn decode(pieces: &[Piece], channel: u8, traits: Option<&[u8]>) -> Result<WrittenEvent, String> {
    let [first, second, values @ ..] = pieces else { return Err("it does not describe itself".to_owned()) };
    if (first.kind, second.kind) != (PROVIDER, EVENT) || values.iter().any(|piece| piece.kind != VALUE) {
        return Err(
            "its first piece must describe the provider, its second the event, and no other".to_owned()
        );
    }
    if channel != TRACE_LOGGING {
        return Err(format!("its channel is {channel} and must be {TRACE_LOGGING}"));
    }
    if traits.is_some_and(|traits| traits != first.bytes) {
        return Err("it describes the provider otherwise than EtwSetInformation did".to_owned());
    }
    let provider = provider(&first.bytes)?;
    let what = "the description of the event";
    let mut reader = sized(&second.bytes, what)?;
    reader.tags()?;
    let name = reader.text(what)?;
    let data: Vec<u8> = values.iter().flat_map(|piece| piece.bytes.iter().copied()).collect();
    let mut data = Reader(&data);
    let mut fields = Vec::new();
    while !reader.0.is_empty() {
        let field = reader.text("the name of a field")?;
        let value = field_value(&mut reader, &mut data, &field)?;
        fields.push((field, value));
    }
    if !data.0.is_empty() {
        return Err(format!("{} byte(s) of data belong to no field", data.0.len()));
    }
    Ok(WrittenEvent { provider, name, fields, ..WrittenEvent::default() })
}

/// The value of a field, whose type is the next in `reader`.
fn field_value(reader: &mut Reader<'_>, data: &mut Reader<'_>, field: &str) -> Result<String, String> {
    let kind = reader.byte(field)?;
    if kind & MORE != 0 && reader.byte(field)? & MORE != 0 {
        reader.tags()?;
    }
    match (kind & FIXED_COUNT != 0, kind & VARIABLE_COUNT != 0) {
        (false, false) => value(kind & TYPE, data, field),
        (true, true) => {
            let size = reader.word(field)?;
            reader.take(size.into(), field)?;
            let size = data.word(field)?;
            Ok(format!("{} bytes", data.take(size.into(), field)?.len()))
        }
        (fixed, _) => {
            let count = if fixed { reader.word(field)? } else { data.word(field)? };
            let all: Result<Vec<String>, String> =
                (0..count).map(|_| value(kind & TYPE, data, field)).collect();
            Ok(format!("[{}]", all?.join(", ")))
        }
    }
}

/// A value of a type (`TlgIn_t`).
fn value(kind: u8, data: &mut Reader<'_>, field: &str) -> Result<String, String> {
    let utf16 = |bytes: &[u8]| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| number(unit) as u16).collect();
        String::from_utf16_lossy(&units)
    };
    Ok(match kind {
        0 | STRUCT => String::new(),
        1 => {
            let ends = data.0.chunks_exact(2).position(|unit| unit == [0, 0]);
            let end = ends.ok_or_else(|| format!("the string {field} has no end"))?;
            let text = utf16(data.take(2 * end, field)?);
            data.take(2, field)?;
            text
        }
        2 => {
            let end = data.0.iter().position(|byte| *byte == 0);
            let end = end.ok_or_else(|| format!("the string {field} has no end"))?;
            let text = String::from_utf8_lossy(data.take(end, field)?).into_owned();
            data.take(1, field)?;
            text
        }
        3 => signed(data.take(1, field)?).to_string(),
        4 => number(data.take(1, field)?).to_string(),
        5 => signed(data.take(2, field)?).to_string(),
        6 => number(data.take(2, field)?).to_string(),
        7 => signed(data.take(4, field)?).to_string(),
        8 => number(data.take(4, field)?).to_string(),
        9 => signed(data.take(8, field)?).to_string(),
        10 | 17 => number(data.take(8, field)?).to_string(),
        11 => f32::from_bits(number(data.take(4, field)?) as u32).to_string(),
        12 => f64::from_bits(number(data.take(8, field)?)).to_string(),
        13 => (number(data.take(4, field)?) != 0).to_string(),
        14 | 22 | 23 => {
            let size = data.word(field)?;
            let bytes = data.take(size.into(), field)?;
            match kind {
                14 => format!("{bytes:02x?}"),
                22 => utf16(bytes),
                _ => String::from_utf8_lossy(bytes).into_owned(),
            }
        }
        15 | 18 => format!("{:02x?}", data.take(16, field)?),
        16 | 21 => format!("{:#x}", number(data.take(8, field)?)),
        19 => {
            let count = data.0.get(1).copied().unwrap_or(0);
            format!("{:02x?}", data.take(8 + 4 * usize::from(count), field)?)
        }
        20 => format!("{:#x}", number(data.take(4, field)?)),
        _ => return Err(format!("the field {field} is of type {kind}, which there is not")),
    })
}

#[cfg(test)]
mod tests {
    use super::{Piece, decode};

    const TRAITS: &[u8] = b"\x07\0Test\0";

    fn pieces(event: &[u8], data: &[u8]) -> Vec<Piece> {
        let piece = |kind, bytes: &[u8]| Piece { kind, bytes: bytes.to_vec() };
        vec![piece(2, TRAITS), piece(1, event), piece(0, data)]
    }

    /// What a description of fields and the data behind it come to.
    fn fields(description: &[u8], data: &[u8]) -> Result<Vec<(String, String)>, String> {
        let size = (5 + description.len()) as u16;
        let event = [&size.to_le_bytes()[..], b"\0E\0", description].concat();
        decode(&pieces(&event, data), 11, Some(TRAITS)).map(|event| event.fields)
    }

    #[test]
    fn an_event_is_read_field_by_field() {
        let event = decode(&pieces(b"\x0F\0\0Event\0A\0\x08B\0\x02", b"\x07\0\0\0text\0"), 11, None)
            .expect("a good event");
        assert_eq!((event.provider.as_str(), event.name.as_str()), ("Test", "Event"));
        assert_eq!(event.fields, [("A".to_owned(), "7".to_owned()), ("B".to_owned(), "text".to_owned())]);
    }

    #[test]
    fn values_of_every_kind() {
        let one = |description: &[u8], data: &[u8]| fields(description, data).map(|all| all[0].1.clone());
        for (kind, data, text) in [
            (1, &b"a\0b\0\0\0"[..], "ab"),
            (3, b"\xFF", "-1"),
            (5, b"\xFE\xFF", "-2"),
            (6, b"\xFE\xFF", "65534"),
            (7, b"\xFD\xFF\xFF\xFF", "-3"),
            (9, b"\xFC\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "-4"),
            (10, b"\x01\0\0\0\0\0\0\x80", "9223372036854775809"),
            (11, b"\0\0\x80\x3F", "1"),
            (13, b"\x02\0\0\0", "true"),
            (14, b"\x02\0\x0A\x0B", "[0a, 0b]"),
            (19, b"\x01\x01\0\0\0\0\0\x05\x12\0\0\0", "[01, 01, 00, 00, 00, 00, 00, 05, 12, 00, 00, 00]"),
            (20, b"\x9A\0\0\xC0", "0xc000009a"),
            (22, b"\x04\0a\0b\0", "ab"),
            (23, b"\x02\0ab", "ab"),
        ] {
            assert_eq!(one(&[b'F', 0, kind], data).as_deref(), Ok(text), "type {kind}");
        }
        // An output type, tags, and arrays of fixed and of variable length.
        assert_eq!(one(b"F\0\x87\x8E\x80\x01", b"\x01\0\0\0").as_deref(), Ok("1"));
        assert_eq!(one(b"F\0\x24\x02\0", b"\x01\x02").as_deref(), Ok("[1, 2]"));
        assert_eq!(one(b"F\0\x44", b"\x01\0\x05").as_deref(), Ok("[5]"));
    }

    #[test]
    fn what_is_malformed_is_said() {
        let said = |description: &[u8], data: &[u8]| fields(description, data).expect_err("malformed");
        assert!(said(b"F\0\x08", b"\x01\0\0").contains("F is cut short"));
        assert!(said(b"F\0\x08", b"\x01\0\0\0\0").contains("1 byte(s) of data belong to no field"));
        assert!(said(b"F\0\x02", b"text").contains("F has no end"));
        assert!(said(b"F", b"").contains("has no end"));
        assert!(said(b"F\0", b"").contains("cut short"));
        assert!(said(b"F\0\x1F", b"").contains("of type 31"));
        let odd = |pieces: &[Piece], channel, traits| decode(pieces, channel, traits).expect_err("malformed");
        let good = pieces(b"\x05\0\0E\0", b"");
        assert!(odd(&good, 0, None).contains("channel is 0"));
        assert!(odd(&good, 11, Some(b"\x08\0Tests\0")).contains("otherwise than"));
        assert!(odd(&good[..1], 11, None).contains("does not describe itself"));
        assert!(odd(&[good[1].clone(), good[0].clone()], 11, None).contains("first piece"));
        assert!(odd(&pieces(b"\x06\0\0E\0", b""), 11, None).contains("says that it has 6 bytes, and has 5"));
    }
}
