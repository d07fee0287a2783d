//! The machine's control panel: QEMU's monitor, in JSON lines.

use serde_json::{Value, json};

use super::channel::Channel;
use crate::pci::{HardwareError, Result};

/// The machine's control panel.
#[derive(Debug)]
pub(super) struct Qmp {
    channel: Channel,
    version: (u64, u64, u64),
}

impl Qmp {
    /// Waits for the greeting and answers it.
    pub(super) fn new(channel: Channel) -> Result<Self> {
        let mut qmp = Self { channel, version: (0, 0, 0) };
        let doing = "waiting for its greeting";
        let greeting = qmp.message(doing)?;
        let part = |name| greeting["QMP"]["version"]["qemu"][name].as_u64();
        qmp.version = match (part("major"), part("minor"), part("micro")) {
            (Some(major), Some(minor), Some(micro)) => (major, minor, micro),
            _ => return Err(HardwareError::Protocol { doing: doing.into(), answer: greeting.to_string() }),
        };
        qmp.execute("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }

    /// Major, minor and micro version of QEMU.
    pub(super) fn version(&self) -> (u64, u64, u64) {
        self.version
    }

    /// Gives one command and waits for its answer.
    pub(super) fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        let request = json!({ "execute": command, "arguments": arguments });
        let doing = format!("asking for {command}");
        self.channel.send(&format!("{request}\n"), &doing)?;
        loop {
            let mut message = self.message(&doing)?;
            if let Some(error) = message.get("error") {
                let why = error["desc"].as_str().unwrap_or("QEMU gives no reason").to_owned();
                return Err(HardwareError::Request { what: format!("{command} {arguments}"), why });
            }
            if let Some(answer) = message.get_mut("return") {
                return Ok(answer.take());
            }
        }
    }

    /// Lets the machine run until it stops by itself.
    pub(super) fn run_until_stop(&mut self) -> Result<()> {
        let doing = "letting time run";
        self.channel.send("{\"execute\":\"cont\"}\n", doing)?;
        loop {
            // This is the rig's most frequent request: no need to parse what can be told from the line.
            let line = self.channel.line(doing)?;
            if line.contains("\"event\": \"STOP\"") {
                return Ok(());
            }
            if line.contains("\"error\": ") {
                return Err(HardwareError::Protocol { doing: doing.into(), answer: line.into() });
            }
        }
    }

    /// Resets the machine, which stands still, and waits until that is done.
    pub(super) fn reset(&mut self) -> Result<()> {
        let doing = "resetting it";
        self.channel.send("{\"execute\":\"system_reset\"}\n", doing)?;
        // Answer and event come in any order.
        let (mut answered, mut done) = (false, false);
        while !answered || !done {
            let message = self.message(doing)?;
            if message.get("error").is_some() {
                return Err(HardwareError::Protocol { doing: doing.into(), answer: message.to_string() });
            }
            answered |= message.get("return").is_some();
            done |= message["event"] == "RESET";
        }
        Ok(())
    }

    fn message(&mut self, doing: &str) -> Result<Value> {
        let line = self.channel.line(doing)?;
        serde_json::from_str(line)
            .map_err(|_| HardwareError::Protocol { doing: doing.into(), answer: line.into() })
    }
}
