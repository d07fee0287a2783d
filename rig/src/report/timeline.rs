//! Samples of a run, taken while it goes on, bounded in number however long it is.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::model::ByContext;

/// Samples of one kind that are kept at most; then neighbours are merged.
const MOST_SAMPLES: usize = 2_048;
/// Moments kept: the beginning of RUN, which is where it gets interesting.
const MOST_MOMENTS: usize = 512;

/// What the plots are drawn from. Times are virtual nanoseconds since the driver was loaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Positions reported, in order of time: all, or the lowest and the highest error of each stretch.
    pub positions: Vec<PositionSample>,
    /// Length of those stretches; 0 while every position is there.
    pub positions_every_ns: u64,
    /// Periods of RUN, in order. Merged neighbours are added up.
    pub periods: Vec<PeriodSample>,
    /// Who acted when, in order of time.
    pub moments: Vec<Moment>,
}

/// One answer of `GetPosition`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PositionSample {
    /// When it was asked.
    pub time_ns: u64,
    /// Frames since the start of the stream, as reported.
    pub reported_frames: f64,
    /// Frames that the device had taken by then, from the sample rate and the time since it began.
    pub reference_frames: f64,
}

impl PositionSample {
    /// Frames by which the report is ahead of the device; negative where it is behind.
    pub fn error_frames(&self) -> f64 {
        self.reported_frames - self.reference_frames
    }
}

/// What happened in one period, or in several that have been merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodSample {
    /// Number of the (first) period, from 0.
    pub index: u64,
    /// Periods that this sample stands for: 1, or a power of two.
    pub merged: u64,
    /// When the (first) period ended.
    pub time_ns: u64,
    /// Interrupts taken.
    pub interrupts: u64,
    /// Device registers read.
    pub reads: u64,
    /// Device registers written.
    pub writes: u64,
    /// Reads and writes by what the driver was doing.
    pub by_context: ByContext,
    /// From the device's interrupt to the event: the greatest of the merged; `None` where no event came.
    pub event_latency_ns: Option<u64>,
}

/// One action of device, driver or client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub time_ns: u64,
    /// What.
    pub kind: MomentKind,
}

/// Who acts in a period, from the device to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentKind {
    /// The interrupt service routine claimed an interrupt.
    Interrupt,
    /// The deferred procedure call ran.
    Dpc,
    /// The driver signalled the client's event.
    Event,
    /// The client filled a period.
    Refill,
}

impl Timeline {
    /// Adds a position, no earlier than the one before.
    pub fn position(&mut self, sample: PositionSample) {
        let positions = &mut self.positions;
        positions.push(sample);
        if self.positions_every_ns > 0 {
            let stretch = |sample: &PositionSample| sample.time_ns / self.positions_every_ns;
            let others = positions.partition_point(|other| stretch(other) < stretch(&sample));
            let kept = extremes(&positions[others..]);
            positions.truncate(others);
            positions.extend(kept);
        }
        if let [first, .., last] = positions[..]
            && positions.len() > MOST_SAMPLES
        {
            // Wide enough to make half of them go.
            let width = (last.time_ns - first.time_ns) / (MOST_SAMPLES as u64 / 4) + 1;
            let stretch = |sample: &PositionSample| sample.time_ns / width;
            self.positions_every_ns = width;
            self.positions = positions.chunk_by(|a, b| stretch(a) == stretch(b)).flat_map(extremes).collect();
        }
    }

    /// Adds a period; its `merged` is 1.
    pub fn period(&mut self, sample: PeriodSample) {
        // While neighbours are being merged, a new period joins the last sample until that is as wide as the
        // others.
        let width = self.periods.first().map_or(1, |first| first.merged);
        match self.periods.last_mut() {
            Some(last) if last.merged < width => *last = add(*last, sample),
            _ => self.periods.push(sample),
        }
        if self.periods.len() > MOST_SAMPLES {
            self.periods =
                self.periods.chunks(2).filter_map(|pair| pair.iter().copied().reduce(add)).collect();
        }
    }

    /// Adds a moment, as long as there is room.
    pub fn moment(&mut self, time_ns: u64, kind: MomentKind) {
        if self.moments.len() < MOST_MOMENTS {
            self.moments.push(Moment { time_ns, kind });
        }
    }
}

/// The samples with the lowest and the highest error, in order of time.
fn extremes(samples: &[PositionSample]) -> Vec<PositionSample> {
    let by_error = |a: &&PositionSample, b: &&PositionSample| a.error_frames().total_cmp(&b.error_frames());
    let (Some(low), Some(high)) = (samples.iter().min_by(by_error), samples.iter().max_by(by_error)) else {
        return Vec::new();
    };
    match low.time_ns.cmp(&high.time_ns) {
        Ordering::Less => vec![*low, *high],
        Ordering::Equal => vec![*low],
        Ordering::Greater => vec![*high, *low],
    }
}

fn add(a: PeriodSample, b: PeriodSample) -> PeriodSample {
    let (x, y) = (a.by_context, b.by_context);
    PeriodSample {
        index: a.index,
        merged: a.merged + b.merged,
        time_ns: a.time_ns,
        interrupts: a.interrupts + b.interrupts,
        reads: a.reads + b.reads,
        writes: a.writes + b.writes,
        by_context: ByContext {
            start: x.start + y.start,
            client: x.client + y.client,
            isr: x.isr + y.isr,
            dpc: x.dpc + y.dpc,
            thread: x.thread + y.thread,
        },
        event_latency_ns: a.event_latency_ns.max(b.event_latency_ns),
    }
}

#[cfg(test)]
mod tests {
    use super::{ByContext, MOST_MOMENTS, MOST_SAMPLES, MomentKind, PeriodSample, PositionSample, Timeline};

    fn period(index: u64) -> PeriodSample {
        PeriodSample {
            index,
            merged: 1,
            time_ns: index * 10,
            interrupts: 1,
            reads: 2,
            writes: 1,
            by_context: ByContext { isr: 2, dpc: 1, ..ByContext::default() },
            event_latency_ns: Some(index),
        }
    }

    #[test]
    fn however_many_periods_none_is_lost() {
        let mut timeline = Timeline::default();
        for index in 0..22_501 {
            timeline.period(period(index));
        }
        let periods = &timeline.periods;
        assert!(periods.len() <= MOST_SAMPLES);
        assert_eq!(periods.iter().map(|sample| sample.merged).sum::<u64>(), 22_501);
        assert_eq!(periods.iter().map(|sample| sample.by_context.total()).sum::<u64>(), 3 * 22_501);
        assert!(periods.windows(2).all(|pair| pair[0].index + pair[0].merged == pair[1].index));
        assert!(periods[..periods.len() - 1].iter().all(|sample| sample.merged == periods[0].merged));
    }

    #[test]
    fn the_worst_position_is_never_merged_away() {
        let mut timeline = Timeline::default();
        for index in 0..100_000u32 {
            let error = match index {
                33_333 => 55.0,
                77_777 => -99.0,
                _ => f64::from(index % 7),
            };
            timeline.position(PositionSample {
                time_ns: index.into(),
                reported_frames: error,
                reference_frames: 0.0,
            });
        }
        assert!(timeline.positions.len() <= MOST_SAMPLES);
        for error in [-99.0, 55.0] {
            assert!(timeline.positions.iter().any(|sample| sample.error_frames() == error));
        }
        assert!(timeline.positions.is_sorted_by_key(|sample| sample.time_ns));
    }

    #[test]
    fn moments_are_those_of_the_beginning() {
        let mut timeline = Timeline::default();
        (0..10_000).for_each(|time| timeline.moment(time, MomentKind::Event));
        assert_eq!(timeline.moments.len(), MOST_MOMENTS);
        assert_eq!(timeline.moments[511].time_ns, 511);
    }
}
