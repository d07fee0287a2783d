//! `printf` as drivers use it: integers, characters, strings, pointers.

use core::ffi::CStr;

use super::At;
use super::abi::UnicodeString;

/// Whether the text is made of bytes or of UTF-16 units: `%s` and `%c` mean the same, `%S` and `%C` the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// Bytes.
    Narrow,
    /// UTF-16 units.
    Wide,
}

/// Text twice: as it was asked for, and without what differs from run to run.
pub(crate) struct Written {
    /// As it was asked for.
    pub(crate) text: String,
    /// With every pointer as `*`.
    pub(crate) stable: String,
}

/// One conversion: `%-08lx`.
#[derive(Default)]
struct Conversion {
    left: bool,
    zeroes: bool,
    marked: bool,
    signed: bool,
    width: usize,
    precision: Option<usize>,
    long: bool,
    wide: Option<bool>,
}

/// Writes a text with its arguments; a conversion that is none stands as it is.
pub(crate) fn format(text: &str, width: Width, argument: &mut dyn FnMut() -> u64) -> Written {
    let mut written = Written { text: String::new(), stable: String::new() };
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        if next != '%' {
            written.text.push(next);
            written.stable.push(next);
            continue;
        }
        let conversion = Conversion::read(&mut rest, argument);
        let Some(kind) = rest.next() else { break };
        let piece = conversion.write(kind, width, argument);
        let is_pointer = kind == 'p';
        written.stable.push_str(if is_pointer { "*" } else { &piece });
        written.text.push_str(&piece);
    }
    written
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn number(rest: &mut Rest<'_>, argument: &mut dyn FnMut() -> u64) -> usize {
    if rest.next_if_eq(&'*').is_some() {
        return argument() as u32 as usize;
    }
    let mut value = 0_usize;
    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
        value = value.saturating_mul(10).saturating_add(digit as usize - '0' as usize).min(4096);
    }
    value
}

impl Conversion {
    fn read(rest: &mut Rest<'_>, argument: &mut dyn FnMut() -> u64) -> Self {
        let mut read = Self::default();
        while let Some(flag) = rest.next_if(|flag| "-0#+ ".contains(*flag)) {
            match flag {
                '-' => read.left = true,
                '0' => read.zeroes = true,
                '#' => read.marked = true,
                '+' => read.signed = true,
                _ => {}
            }
        }
        read.width = number(rest, argument);
        if rest.next_if_eq(&'.').is_some() {
            read.precision = Some(number(rest, argument));
        }
        let mut longs = 0;
        while let Some(size) = rest.next_if(|size| "hlwIz64".contains(*size)) {
            match size {
                'l' => longs += 1,
                'z' | '4' => read.long = true,
                _ => {}
            }
            match size {
                'l' | 'w' => read.wide = Some(true),
                'h' => read.wide = Some(false),
                _ => {}
            }
        }
        read.long |= longs > 1;
        read
    }

    fn write(&self, kind: char, width: Width, argument: &mut dyn FnMut() -> u64) -> String {
        let wide = self.wide.unwrap_or(width == Width::Wide);
        let unsigned = |value: u64| if self.long { value } else { u64::from(value as u32) };
        let body = match kind {
            '%' => return "%".to_owned(),
            'd' | 'i' => {
                let value = argument();
                let value = if self.long { value as i64 } else { i64::from(value as i32) };
                let sign = if value < 0 {
                    "-"
                } else if self.signed {
                    "+"
                } else {
                    ""
                };
                self.digits(sign, &value.unsigned_abs().to_string())
            }
            'u' => self.digits("", &unsigned(argument()).to_string()),
            'x' => self.digits(if self.marked { "0x" } else { "" }, &format!("{:x}", unsigned(argument()))),
            'X' => self.digits(if self.marked { "0X" } else { "" }, &format!("{:X}", unsigned(argument()))),
            'o' => self.digits("", &format!("{:o}", unsigned(argument()))),
            'p' => format!("{:016X}", argument()),
            'c' | 'C' => char::from_u32(argument() as u16 as u32).unwrap_or('?').to_string(),
            's' => self.string(argument(), wide),
            'S' => self.string(argument(), !wide),
            'Z' => counted(argument(), wide),
            other => return format!("%{other}"),
        };
        let missing = self.width.saturating_sub(body.chars().count());
        if self.left { body + &" ".repeat(missing) } else { " ".repeat(missing) + &body }
    }

    fn digits(&self, sign: &str, digits: &str) -> String {
        let least = match self.precision {
            Some(precision) => precision,
            None if self.zeroes && !self.left => self.width.saturating_sub(sign.len()),
            None => 0,
        };
        format!("{sign}{}{digits}", "0".repeat(least.saturating_sub(digits.len())))
    }

    fn string(&self, address: u64, wide: bool) -> String {
        if address == 0 {
            return "(null)".to_owned();
        }
        let most = self.precision.unwrap_or(usize::MAX);
        if wide {
            let unit = |index: usize| At::new((address as *mut u16).wrapping_add(index)).read();
            let units: Vec<u16> = (0..most).map(unit).take_while(|unit| *unit != 0).collect();
            return String::from_utf16_lossy(&units);
        }
        let byte = |index: usize| At::new((address as *mut u8).wrapping_add(index)).read();
        let bytes: Vec<u8> = (0..most).map(byte).take_while(|byte| *byte != 0).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// `%wZ` and `%Z`: a counted string.
fn counted(address: u64, wide: bool) -> String {
    if address == 0 {
        return "(null)".to_owned();
    }
    let string = At::new(address as *mut UnicodeString).read();
    if wide {
        // SAFETY: a counted string of the driver's; a bad pointer traps.
        return unsafe { string.text() };
    }
    let byte = |index: u16| At::new(string.buffer.cast::<u8>().wrapping_add(usize::from(index))).read();
    String::from_utf8_lossy(&(0..string.length).map(byte).collect::<Vec<_>>()).into_owned()
}

/// What a terminated string says.
pub(crate) fn narrow(text: *const core::ffi::c_char) -> String {
    // SAFETY: the driver promises a terminated string.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
