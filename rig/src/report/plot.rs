//! The plots of the page, as SVG.
//!
//! A plot is drawn in a handful of marker colours which mean roles, not looks: the page's style sheet maps
//! them to colours of its own, one set for light and one for dark ([`ROLES`]).

use std::ops::Range;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Circle, Color, DrawingAreaErrorKind, IntoDrawingArea, IntoFont,
    PathElement, Polygon, RGBColor, Rectangle, SVGBackend, ShapeStyle, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::baseline;
use super::model::Report;
use super::timeline::{MomentKind, PeriodSample, PositionSample};

const INK: RGBColor = RGBColor(1, 0, 1);
const GRID: RGBColor = RGBColor(2, 0, 1);
const BAND: RGBColor = RGBColor(3, 0, 1);
const LINE: RGBColor = RGBColor(4, 0, 1);
const CLIENT: RGBColor = RGBColor(5, 0, 1);
const ISR: RGBColor = RGBColor(6, 0, 1);
const DPC: RGBColor = RGBColor(7, 0, 1);
const THREAD: RGBColor = RGBColor(8, 0, 1);
const INTERRUPT: RGBColor = RGBColor(9, 0, 1);
const EVENT: RGBColor = RGBColor(10, 0, 1);

/// Marker colours, with the name that the style sheet has for each.
pub const ROLES: [(RGBColor, &str); 10] = [
    (INK, "ink"),
    (GRID, "grid"),
    (BAND, "band"),
    (LINE, "line"),
    (CLIENT, "client"),
    (ISR, "isr"),
    (DPC, "dpc"),
    (THREAD, "thread"),
    (INTERRUPT, "interrupt"),
    (EVENT, "event"),
];

/// Width of a plot in user units; the page scales it.
const WIDTH: u32 = 1_120;
/// Columns in which many position samples are gathered.
const COLUMNS: usize = 480;
/// Bars in which many periods are gathered.
const BARS: usize = 136;
/// Interrupts that the period timeline shows.
const SHOWN: usize = 9;

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Error of the reported position over time, with its limits as a band; `None` without samples.
pub fn position_error(report: &Report) -> Option<String> {
    let samples = &report.timeline.positions;
    let (first, last) = (samples.first()?, samples.last()?);
    let (least, most) = (-report.position.behind_limit_frames, report.position.ahead_limit_frames);
    let errors = samples.iter().map(PositionSample::error_frames);
    let (low, high) = errors.fold((least, most), |(low, high), e| (low.min(e), high.max(e)));
    let margin = ((high - low) * 0.12).max(1.0);
    let time = |ns: u64| ns as f64 / 1e9;
    let x = time(first.time_ns)..time(last.time_ns).max(time(first.time_ns) + 1e-3);
    draw(240, x.clone(), low - margin..high + margin, " s", |chart| {
        chart.draw_series([Rectangle::new([(x.start, least), (x.end, most)], BAND.filled())])?;
        chart.draw_series([PathElement::new([(x.start, 0.0), (x.end, 0.0)], GRID.stroke_width(1))])?;
        if samples.len() <= COLUMNS {
            let points = samples.iter().map(|sample| (time(sample.time_ns), sample.error_frames()));
            chart
                .draw_series([PathElement::new(points.clone().collect::<Vec<_>>(), LINE.stroke_width(2))])?;
            chart.draw_series(points.map(|at| Circle::new(at, 3, LINE.filled())))?;
        } else {
            let (top, mut bottom): (Vec<_>, Vec<_>) = columns(samples)
                .into_iter()
                .map(|(at, low, high)| ((time(at), high), (time(at), low)))
                .unzip();
            bottom.reverse();
            let outline: Vec<_> = top.into_iter().chain(bottom).collect();
            chart.draw_series([Polygon::new(outline.clone(), LINE.mix(0.35).filled())])?;
            chart.draw_series([PathElement::new(outline, LINE.stroke_width(1))])?;
        }
        Ok(())
    })
}

/// Who acted when, one lane each, over the first periods; `None` without moments.
pub fn period_timeline(report: &Report) -> Option<String> {
    let moments = &report.timeline.moments;
    let first = moments.first()?.time_ns;
    let shown = moments.iter().filter(|moment| moment.kind == MomentKind::Interrupt).nth(SHOWN);
    let end = shown.or(moments.last())?.time_ns;
    let ms = |ns: u64| (ns - first) as f64 / 1e6;
    let x = -0.1 * ms(end).max(0.1)..ms(end).max(0.1) * 1.01;
    let period = report.period_frames as f64 * 1e3 / f64::from(report.format.rate).max(1.0);
    let lanes = [
        (MomentKind::Interrupt, "interrupt", INTERRUPT),
        (MomentKind::Dpc, "DPC", DPC),
        (MomentKind::Event, "event", EVENT),
        (MomentKind::Refill, "refill", CLIENT),
    ];
    draw(230, x.clone(), 0.0..4.0, " ms", |chart| {
        // One faint line for every period that the format says has passed.
        let nominal =
            (0u32..400).map(|n| f64::from(n) * period).take_while(|at| *at <= x.end && period > 0.0);
        chart
            .draw_series(nominal.map(|at| PathElement::new([(at, 0.0), (at, 4.0)], BAND.stroke_width(1))))?;
        for (lane, (kind, name, colour)) in lanes.into_iter().enumerate() {
            let y = 3.5 - lane as f64;
            chart.draw_series([PathElement::new([(x.start, y), (x.end, y)], GRID.stroke_width(1))])?;
            let acts = moments.iter().filter(|moment| moment.kind == kind && moment.time_ns <= end);
            chart.draw_series(acts.map(|moment| {
                let at = ms(moment.time_ns);
                PathElement::new([(at, y - 0.3), (at, y + 0.3)], colour.stroke_width(4))
            }))?;
            label(chart, (x.start, y + 0.08), name, HPos::Left, VPos::Bottom)?;
        }
        Ok(())
    })
}

/// Interactions per period as stacked bars, by who caused them, with the figure to beat as a line; `None`
/// without periods.
pub fn accesses(report: &Report) -> Option<String> {
    let periods = &report.timeline.periods;
    let last = periods.last()?;
    let bars: Vec<Bar> = periods.chunks(periods.len().div_ceil(BARS)).map(Bar::of).collect();
    let baseline = baseline::of(&report.device);
    let to_beat = baseline.map_or(0.0, |baseline| baseline.per_period.sum);
    // The first period has its start-up in it: it may leave the plot at the top.
    let highest = bars.iter().skip(usize::from(bars.len() > 2)).map(Bar::height).fold(to_beat, f64::max);
    let x = periods[0].index as f64..(last.index + last.merged) as f64;
    draw(260, x.clone(), 0.0..highest * 1.12, "", |chart| {
        for bar in &bars {
            let gap = (bar.to - bar.from) * 0.12;
            let mut floor = 0.0;
            for (height, colour) in bar.parts {
                let ceiling = floor + height;
                let corners = [(bar.from + gap, floor), (bar.to - gap, f64::min(ceiling, highest * 1.12))];
                if height > 0.0 {
                    chart.draw_series([Rectangle::new(corners, colour.filled())])?;
                }
                floor = ceiling;
            }
        }
        if let Some(baseline) = baseline {
            let dash = (x.end - x.start) / 140.0;
            let dashes = (0..140).step_by(2).map(|n| x.start + f64::from(n) * dash);
            chart.draw_series(
                dashes.map(|at| PathElement::new([(at, to_beat), (at + dash, to_beat)], INK.stroke_width(1))),
            )?;
            let name = format!("Linux {}: {to_beat}", baseline.driver);
            label(chart, (x.end, to_beat + highest * 0.03), &name, HPos::Right, VPos::Bottom)?;
        }
        Ok(())
    })
}

/// Time, lowest and highest error in each of [`COLUMNS`] stretches of equal length that has samples.
fn columns(samples: &[PositionSample]) -> Vec<(u64, f64, f64)> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Vec::new() };
    let width = ((last.time_ns - first.time_ns) / COLUMNS as u64).max(1);
    let column = |sample: &PositionSample| (sample.time_ns - first.time_ns) / width;
    samples
        .chunk_by(|a, b| column(a) == column(b))
        .map(|chunk| {
            let errors = chunk.iter().map(PositionSample::error_frames);
            let (low, high) = errors.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), error| {
                (low.min(error), high.max(error))
            });
            (chunk[0].time_ns, low, high)
        })
        .collect()
}

/// Averages over neighbouring periods.
struct Bar {
    from: f64,
    to: f64,
    parts: [(f64, RGBColor); 5],
}

impl Bar {
    fn of(samples: &[PeriodSample]) -> Self {
        let periods = samples.iter().map(|sample| sample.merged).sum::<u64>().max(1) as f64;
        let mean = |part: fn(&PeriodSample) -> u64| samples.iter().map(part).sum::<u64>() as f64 / periods;
        Self {
            from: samples[0].index as f64,
            to: samples[0].index as f64 + periods,
            parts: [
                (mean(|sample| sample.interrupts), INTERRUPT),
                (mean(|sample| sample.by_context.isr), ISR),
                (mean(|sample| sample.by_context.dpc), DPC),
                (mean(|sample| sample.by_context.thread), THREAD),
                (mean(|sample| sample.by_context.client + sample.by_context.start), CLIENT),
            ],
        }
    }

    fn height(&self) -> f64 {
        self.parts.iter().map(|(height, _)| height).sum()
    }
}

/// Axes, and what `body` draws between them. `unit` is added to the figures below the horizontal axis.
fn draw(
    height: u32,
    x: Range<f64>,
    y: Range<f64>,
    unit: &str,
    body: impl FnOnce(&mut Chart<'_>) -> Drawn,
) -> Option<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let lanes = y == (0.0..4.0);
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .x_label_area_size(26)
            .y_label_area_size(if lanes { 0 } else { 52 })
            .build_cartesian_2d(x, y)
            .ok()?;
        let hairline = ShapeStyle::from(&GRID).stroke_width(1);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_max_light_lines(0)
            .bold_line_style(if lanes { GRID.mix(0.0) } else { GRID.mix(0.6) })
            .axis_style(hairline)
            .x_labels(9)
            .y_labels(if lanes { 0 } else { 5 })
            .x_label_formatter(&|value| format!("{}{unit}", trimmed(*value)))
            .y_label_formatter(&|value| trimmed(*value))
            .label_style(TextStyle::from(("sans-serif", 15).into_font()).color(&INK))
            .draw()
            .ok()?;
        body(&mut chart).ok()?;
        area.present().ok()?;
    }
    Some(svg)
}

/// A name at a place; `across` and `down` say which corner of it is there.
fn label(chart: &mut Chart<'_>, at: (f64, f64), text: &str, across: HPos, down: VPos) -> Drawn {
    let style = TextStyle::from(("sans-serif", 15).into_font()).color(&INK).pos(Pos::new(across, down));
    chart.draw_series([Text::new(text.to_owned(), at, style)])?;
    Ok(())
}

/// Up to three decimals, none that say nothing.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{ROLES, accesses, period_timeline, position_error, trimmed};
    use crate::report::model::Report;
    use crate::report::sample;

    #[test]
    fn every_plot_can_be_drawn() {
        for report in [sample::exact(), sample::broken(), sample::small()] {
            for svg in [position_error(&report), period_timeline(&report), accesses(&report)] {
                let svg = svg.expect("drawn");
                assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
            }
        }
    }

    #[test]
    fn without_samples_there_is_no_plot() {
        let report = Report::new();
        assert_eq!(
            [position_error(&report), period_timeline(&report), accesses(&report)],
            [None, None, None]
        );
    }

    #[test]
    fn only_marker_colours_are_used() {
        let svg = [position_error, period_timeline, accesses]
            .map(|plot| plot(&sample::broken()))
            .map(Option::unwrap);
        for colour in svg.concat().split("\"#").skip(1).filter_map(|rest| rest.get(..6)) {
            let known =
                ROLES.iter().any(|(role, _)| format!("{:02X}{:02X}{:02X}", role.0, role.1, role.2) == colour);
            assert!(known, "#{colour}");
        }
    }

    #[test]
    fn figures_are_short() {
        for (value, text) in [(0.0, "0"), (-0.0001, "0"), (2.5, "2.5"), (10.0, "10"), (1.0 / 3.0, "0.333")] {
            assert_eq!(trimmed(value), text);
        }
    }
}
