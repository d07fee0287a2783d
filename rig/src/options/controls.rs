//! What a client does with volume and mute, on the command line.

use clap::Args;

use super::MachineOptions;

/// `rig controls`.
#[derive(Args, Clone, Debug)]
pub struct Controls {
    /// The machine.
    #[command(flatten)]
    pub machine: MachineOptions,
    /// What to do, one after the other: `show` the controls there are; `volume:render0:1` and `mute:capture0:-1` read
    /// a channel (-1: all), with `=NUMBER` behind they set it (volumes in 1/65536 dB); `wait:20` milliseconds; `sleep`
    /// sends the system to S3, which clients go on in here, and `wake` wakes it; `heard`
    /// says how often the driver has told of changes since this was last asked; `element:0` shows the device's own
    /// numbers (`fake`).
    #[arg(value_name = "STEP", required = true, value_parser = step)]
    pub steps: Vec<Step>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// List the controls.
    Show,
    /// Read a control.
    Get(Control),
    /// Set it.
    Set(Control, i32),
    /// Let so many milliseconds pass.
    Wait(u32),
    /// Send the system to sleep, or wake it.
    Power(bool),
    /// Count the events.
    Heard,
    /// Numbers of the device's control element.
    Element(usize),
}

/// A channel of a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Whether it is the mute.
    pub mute: bool,
    /// Whether the endpoint records.
    pub capture: bool,
    /// Which endpoint of that direction.
    pub endpoint: usize,
    /// The channel; -1 for all.
    pub channel: i32,
}

/// A volume or mute that is set before something is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What.
    pub control: Control,
    /// To what.
    pub value: i32,
}

/// Reads a setting.
///
/// # Errors
/// A sentence that says what was wanted.
pub(super) fn setting(text: &str) -> Result<Setting, String> {
    match step(text) {
        Ok(Step::Set(control, value)) => Ok(Setting { control, value }),
        _ => Err(format!("{text}: wanted volume:render0:-1=-98304 or mute:render0:0=1")),
    }
}

fn step(text: &str) -> Result<Step, String> {
    let what =
        || format!("{text}: wanted show, volume:render0:0, mute:capture0:0=1, wait:20, heard or element:0");
    let number = |digits: &str| digits.parse::<i32>().map_err(|_| what());
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["show"] => Ok(Step::Show),
        ["heard"] => Ok(Step::Heard),
        ["sleep"] => Ok(Step::Power(false)),
        ["wake"] => Ok(Step::Power(true)),
        ["wait", time] => time.parse().map(Step::Wait).map_err(|_| what()),
        ["element", number] => number.parse().map(Step::Element).map_err(|_| what()),
        [kind @ ("volume" | "mute"), endpoint, rest] => {
            let (channel, value) =
                rest.split_once('=').map_or((rest, None), |(left, right)| (left, Some(right)));
            let place = endpoint.strip_prefix("render").map(|place| (false, place));
            let place = place.or_else(|| endpoint.strip_prefix("capture").map(|place| (true, place)));
            let (capture, place) = place.ok_or_else(what)?;
            let control = Control {
                mute: kind == "mute",
                capture,
                endpoint: place.parse().map_err(|_| what())?,
                channel: number(channel)?,
            };
            match value {
                Some(value) => Ok(Step::Set(control, number(value)?)),
                None => Ok(Step::Get(control)),
            }
        }
        _ => Err(what()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_can_be_said() {
        let control = Control { mute: false, capture: false, endpoint: 0, channel: -1 };
        assert_eq!(step("volume:render0:-1=-65536"), Ok(Step::Set(control, -65_536)));
        let control = Control { mute: true, capture: true, endpoint: 2, channel: 1 };
        assert_eq!(step("mute:capture2:1"), Ok(Step::Get(control)));
        assert_eq!((step("sleep"), step("wake")), (Ok(Step::Power(false)), Ok(Step::Power(true))));
        assert_eq!((step("wait:20"), step("element:3")), (Ok(Step::Wait(20)), Ok(Step::Element(3))));
        let control = Control { mute: true, capture: false, endpoint: 0, channel: -1 };
        assert_eq!(setting("mute:render0:-1=1"), Ok(Setting { control, value: 1 }));
        assert!(setting("mute:render0:-1").is_err() && setting("wake").is_err());
        for wrong in ["", "shout", "volume:front0:0", "mute:render0", "volume:render0:x", "wait:-1"] {
            assert!(step(wrong).is_err(), "{wrong}");
        }
    }
}
