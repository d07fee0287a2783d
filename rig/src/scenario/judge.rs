//! What came out against what went in, for every client and every round; and the report. Of a device that was torn out
//! all must be right up to there.

use super::LoadedImage;
use super::Machine;
use super::job::Job;
use super::job::Part;
use super::streams::Round;
use super::summary;
use crate::client::Books;
use crate::client::Direction;
use crate::client::Fate;
use crate::client::Requests;
use crate::report::Report;
use crate::sound::Comparison;
use crate::sound::Pcm;
use crate::sound::Stretch;
use crate::sound::carried;
use crate::sound::compare;
use crate::sound::compare_cut_off;
use crate::sound::compare_kept;
use crate::sound::compare_recording;
use crate::sound::compare_stretches;
use crate::sound::delivered;
use crate::sound::lane_of;
use crate::sound::valid_bits;

/// The report of a run.
pub(super) fn report(job: &Job, machine: &Machine, image: &LoadedImage, rounds: &[Round]) -> Report {
    let mut report = summary::machine_report(&job.machine, machine, image);
    report.seed = job.parts.iter().map(|part| part.plan.packets.seed).max().unwrap_or(0);
    for (number, part) in job.parts.iter().enumerate() {
        let books: Vec<&Books> = rounds.iter().filter_map(|round| round.books.get(number)).collect();
        let mut stream = summary::stream(part, &books);
        // Every round must have been exact: the first that was not is the one to tell of.
        for round in rounds {
            let comparison = judge(job, part, round.books.get(number), output(job, part, round));
            stream.set_comparison(&comparison);
            if !comparison.bit_exact {
                break;
            }
        }
        report.streams.push(stream);
    }
    let books: Vec<Vec<&Books>> = rounds.iter().map(|round| round.books.iter().collect()).collect();
    summary::add_run(&mut report, machine, &books);
    report
}

/// What came out where the sound of `part` is: of the device, or, where it mixes nothing, of its own output.
fn output<'a>(job: &Job, part: &Part, round: &'a Round) -> &'a [u8] {
    match part.endpoint.checked_sub(1) {
        Some(behind) if !job.mixed => round.behind.get(behind).map(Vec::as_slice).unwrap_or_default(),
        _ => &round.output,
    }
}

/// One client's sound in one round.
fn judge(job: &Job, part: &Part, books: Option<&Books>, output: &[u8]) -> Comparison {
    match part.plan.direction {
        Direction::Render => {
            let given = books.and_then(|books| books.input.as_ref()).unwrap_or(&part.plan.pcm);
            let input = if job.mixed { carried(given) } else { given.clone() };
            let sum = input.with_data(output.to_vec());
            let own =
                if part.plan.lane.of > 1 { lane_of(&sum, valid_bits(given), part.plan.lane) } else { sum };
            let cut_off = books.and_then(|books| books.cut_off);
            if let Some(requests) = books.and_then(|books| books.requests.as_ref()).filter(|each| each.gaps) {
                return compare_kept(&input, &own, &stretches(requests, given, &input, cut_off));
            }
            let found = match cut_off {
                Some(least) => compare_cut_off(&input, &own, least),
                None => compare(&input, &own),
            };
            found.unwrap_or_else(|_| nothing(&input))
        }
        Direction::Capture => {
            let format = books.and_then(|books| books.opened.clone());
            let format = format.unwrap_or_else(|| part.plan.pcm.clone());
            let recorded = books.map_or(Vec::new(), |books| books.recorded.clone());
            if recorded.is_empty() && books.is_some_and(|books| books.cut_off.is_some()) {
                return Comparison { bit_exact: true, ..nothing(&format.with_data(Vec::new())) };
            }
            let fed = if job.mixed { delivered(&job.fed, &format) } else { job.fed.clone() };
            if let Some(requests) = books.and_then(|books| books.requests.as_ref()).filter(|each| each.gaps) {
                return compare_stretches(&fed, &format.with_data(recorded), requests.gaps_allowed());
            }
            compare_recording(&fed, &format.with_data(recorded))
        }
    }
}

/// The stretches of a sound that was handed over in packets, in frames of what the mixer makes of it. Of one whose device
/// was torn out, what comes behind may be missing from any place on.
fn stretches(requests: &Requests, given: &Pcm, input: &Pcm, cut_off: Option<u64>) -> Vec<Stretch> {
    let frame = given.frame_bytes();
    debug_assert_eq!(given.frames(), input.frames());
    let kept = |fate: &Fate| fate.kept && cut_off.is_none_or(|least| fate.to / frame <= least as usize);
    requests
        .fates
        .iter()
        .map(|fate| Stretch { from: fate.from / frame, to: fate.to / frame, kept: kept(fate) })
        .collect()
}

/// Of a client that did not come to leave anything.
fn nothing(input: &Pcm) -> Comparison {
    let frames_in = input.frames() as u64;
    Comparison { bit_exact: false, frames_in, frames_out: 0, lead_in: 0, tail: 0, glitches: Vec::new() }
}
