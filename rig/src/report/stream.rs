//! One stream of a run, as it stands in `report.json`.

use serde::{Deserialize, Serialize};

use super::model::{Format, GetPosition, Glitch, Glitches, Position, Report};
use crate::sound::Comparison;

/// What one client did with one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// `render` or `capture`.
    pub direction: String,
    /// Which endpoint of that direction, from 0.
    pub endpoint: u64,
    /// The client: `event`, `packet`, `position`, `rewrite` or `wavepci`.
    pub client: String,
    /// The format that the stream was opened with.
    pub format: Format,
    /// As of the report: frames of a period, of the buffer as allocated.
    pub period_frames: u64,
    /// See `period_frames`.
    pub buffer_frames: u64,
    /// Frames of the input: of the sound that was played, of the stretch of what the device heard that was recorded.
    pub frames_in: u64,
    /// Frames that left the device, or were recorded, silence before and after included.
    pub frames_out: u64,
    /// Silent frames among them before the input's first.
    pub lead_in_frames: u64,
    /// Silent frames among them after the input's last.
    pub tail_frames: u64,
    /// Whether they are the input, silence around it aside.
    pub bit_exact: bool,
    /// Where they are not.
    pub glitches: Glitches,
    /// How well `GetPosition` told where the device was.
    pub position: Position,
    /// What it cost to call it.
    pub get_position: GetPosition,
    /// Packets, of a client that exchanges them.
    pub packets: Option<Packets>,
    /// The port driver through which the pin was open: `WaveRT` or `WavePci`.
    pub port: String,
    /// Mappings, of a stream of the WavePci port's.
    pub mappings: Option<Mappings>,
    /// Periods that the client saw end in RUN.
    pub periods: u64,
}

/// Packets of one stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Packets {
    /// Handed over by `SetWritePacket`, or taken by `GetReadPacket`.
    pub exchanged: u64,
    /// Greatest distance of a presentation position, or of a packet's timestamp, from the sample clock, in frames.
    pub max_error_frames: f64,
}

/// Mappings of one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mappings {
    /// Seed of their lengths, and of what else was drawn.
    pub seed: u64,
    /// Packets that the client handed over.
    pub packets: u64,
    /// Mappings that the driver got.
    pub mapped: u64,
    /// The shortest and the longest of them, bytes.
    pub shortest_bytes: u64,
    /// See `shortest_bytes`.
    pub longest_bytes: u64,
    /// Those that end within a frame.
    pub frame_splits: u64,
    /// Those that lie across the border of two pages.
    pub across_pages: u64,
    /// The most that the driver had at once.
    pub most_out: u64,
    /// Times that it was told that there is none, and that there is one again.
    pub refused: u64,
    /// See `refused`.
    pub made_available: u64,
    /// Calls of RevokeMappings, and mappings that were revoked.
    pub revocations: u64,
    /// See `revocations`.
    pub revoked: u64,
    /// Packets that the driver ended early.
    pub terminated: u64,
}

impl Stream {
    /// Takes over what the comparison of input and output found.
    pub fn set_comparison(&mut self, comparison: &Comparison) {
        self.frames_in = comparison.frames_in;
        self.frames_out = comparison.frames_out;
        self.lead_in_frames = comparison.lead_in;
        self.tail_frames = comparison.tail;
        self.bit_exact = comparison.bit_exact;
        self.glitches = Glitches {
            count: comparison.glitches.len() as u64,
            list: comparison
                .glitches
                .iter()
                .map(|glitch| Glitch { kind: glitch.kind, at_frame: glitch.at_frame, frames: glitch.frames })
                .collect(),
        };
    }
}

impl Report {
    /// Takes the figures of the whole run from its streams: counts are added up, of errors the greatest stays, and
    /// what describes one sound is that of the first stream, or of the first that is not as it should be.
    pub fn sum_up(&mut self) {
        let Some(first) = self.streams.first() else { return };
        let told = self.streams.iter().find(|stream| !stream.bit_exact).unwrap_or(first).clone();
        let join = |name: fn(&Stream) -> &str| {
            let mut names: Vec<&str> = self.streams.iter().map(name).collect();
            names.dedup();
            names.join(" + ")
        };
        let clients = join(|stream| &stream.client);
        let directions = join(|stream| &stream.direction);
        let sum = |count: fn(&Stream) -> u64| self.streams.iter().map(count).sum::<u64>();
        let most = |error: fn(&Stream) -> f64| self.streams.iter().map(error).fold(0.0, f64::max);
        let position = Position {
            max_ahead_frames: most(|stream| stream.position.max_ahead_frames),
            max_behind_frames: most(|stream| stream.position.max_behind_frames),
            ahead_limit_frames: most(|stream| stream.position.ahead_limit_frames),
            behind_limit_frames: most(|stream| stream.position.behind_limit_frames),
            device_step_frames: told.position.device_step_frames,
            transfer_frames: most(|stream| stream.position.transfer_frames),
            backward_steps: sum(|stream| stream.position.backward_steps),
            samples: sum(|stream| stream.position.samples),
            judged: self.streams.iter().all(|stream| stream.position.judged),
            by_presentation: self.streams.iter().any(|stream| stream.position.by_presentation),
        };
        let get_position = GetPosition {
            calls: sum(|stream| stream.get_position.calls),
            max_reads: self.streams.iter().map(|stream| stream.get_position.max_reads).max().unwrap_or(0),
            max_accesses: self
                .streams
                .iter()
                .map(|stream| stream.get_position.max_accesses)
                .max()
                .unwrap_or(0),
        };
        let (glitches, periods) = (sum(|stream| stream.glitches.count), sum(|stream| stream.periods));
        let exact = self.streams.iter().all(|stream| stream.bit_exact);
        self.client = clients;
        self.direction = directions;
        self.format = told.format;
        self.period_frames = told.period_frames;
        self.buffer_frames = told.buffer_frames;
        self.frames_in = told.frames_in;
        self.frames_out = told.frames_out;
        self.lead_in_frames = told.lead_in_frames;
        self.tail_frames = told.tail_frames;
        self.bit_exact = exact;
        self.glitches = Glitches { count: glitches, list: told.glitches.list };
        self.position = position;
        self.get_position = get_position;
        self.periods = periods;
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;
    use crate::report::{Report, sample};
    use crate::sound::{self, tune};

    #[test]
    fn a_comparison_arrives_in_the_report() {
        let noise = tune::noise(1, 8_000, 2, 5);
        let cut = noise.with_data(noise.span(0, 7_900).to_vec());
        let mut stream = Stream { client: "packet".into(), periods: 7, ..Stream::default() };
        stream.set_comparison(&sound::compare(&noise, &cut).expect("same format"));
        let good = Stream { client: "event".into(), periods: 8, bit_exact: true, ..Stream::default() };
        let mut report = Report { streams: vec![good, stream], ..sample::exact() };
        report.sum_up();
        assert_eq!((report.bit_exact, report.glitches.count, report.frames_out), (false, 1, 7_900));
        assert_eq!(report.glitches.list[0].at_frame, 7_900);
        assert_eq!((report.client.as_str(), report.periods), ("event + packet", 15));
    }
}
