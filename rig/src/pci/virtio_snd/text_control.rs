//! A control element in words: `KIND;FIELD:VALUE;FIELD:VALUE`, for command lines.
//!
//! KIND is `volume` or `switch`, of the output, with everything as in [`Control::volume`] and [`Control::mute`]. Each
//! field changes something about that; nobody minds whether the result makes sense.
//!
//! | field | value |
//! |---|---|
//! | `in` | 1: of the input; the name says so, too |
//! | `group`, `role`, `access` | the numbers that the device tells |
//! | `min`, `max`, `step` | the range |
//! | `values` | the values, with `/` between them |
//! | `name` | the name |
//! | `db` | metadata: level of the smallest value, and step, with `/` between them, 1/100 dB |

use super::options::Control;
use super::text::number;
use super::wire;

/// Reads an element.
///
/// # Errors
/// A sentence that says what is wrong with which field.
pub(super) fn parse(text: &str) -> Result<Control, String> {
    let mut fields = text.split(';');
    let mut control = match fields.next().unwrap_or_default() {
        "volume" => Control::volume(),
        "switch" => Control::mute(),
        other => return Err(format!("{other} is no control: volume or switch")),
    };
    for field in fields {
        let (name, value) = field.split_once(':').ok_or_else(|| format!("{field}: wanted FIELD:VALUE"))?;
        set(&mut control, name, value).map_err(|why| format!("{field}: {why}"))?;
    }
    Ok(control)
}

fn set(control: &mut Control, field: &str, value: &str) -> Result<(), String> {
    match field {
        "in" => {
            control.role |= number::<u32>(value)? & 1;
            control.name = control.name.replace("Playback", "Capture");
        }
        "group" => control.group = number(value)?,
        "role" => control.role = number(value)?,
        "access" => control.access = number(value)?,
        "min" => control.range.0 = number(value)?,
        "max" => control.range.1 = number(value)?,
        "step" => control.range.2 = number(value)?,
        "values" => control.values = value.split('/').map(number).collect::<Result<_, _>>()?,
        "name" => value.clone_into(&mut control.name),
        "db" => {
            let (least, step) = value.split_once('/').ok_or("wanted LEVEL/STEP")?;
            control.decibels = Some((number(least)?, number(step)?));
            control.access |= wire::CTL_ACCESS_TLV_READ;
        }
        _ => return Err("no such field".into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_can_be_said_in_words() {
        assert_eq!(parse("volume"), Ok(Control::volume()));
        let microphone = parse("volume;in:1;max:31;step:2;values:7/9;db:-4650/150;group:3").unwrap();
        assert_eq!((microphone.role, microphone.name.as_str()), (3, "Master Capture Volume"));
        assert_eq!((microphone.range, &microphone.values[..]), ((0, 31, 2), &[7, 9][..]));
        assert_eq!((microphone.decibels, microphone.access, microphone.group), (Some((-4650, 150)), 0x13, 3));
        assert_eq!(parse("switch;role:2;name:Mute").unwrap().name, "Mute");
    }

    #[test]
    fn what_is_wrong_is_said_with_the_field() {
        assert_eq!(parse("dial").unwrap_err(), "dial is no control: volume or switch");
        assert_eq!(parse("volume;max").unwrap_err(), "max: wanted FIELD:VALUE");
        assert_eq!(parse("volume;colour:red").unwrap_err(), "colour:red: no such field");
        assert_eq!(parse("volume;values:1/x").unwrap_err(), "values:1/x: \"x\" is no number");
    }
}
