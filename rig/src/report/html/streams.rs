//! The streams of a run, where there are several or they exchange packets.

use super::text::{escape, figure, grouped};
use crate::report::model::Report;
use crate::report::stream::Stream;

/// A table with one row a stream; nothing where the figures of the run say it all.
pub(super) fn streams(report: &Report) -> String {
    if report.streams.len() < 2 && report.streams.iter().all(|stream| stream.packets.is_none()) {
        return String::new();
    }
    let rows: String = report.streams.iter().map(row).collect();
    format!(
        "<section>\n<h2>Streams</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th></th><th>client</th>\
         <th>format</th><th class=\"number\">period</th><th class=\"number\">frames in</th>\
         <th class=\"number\">frames out</th><th class=\"number\">glitches</th>\
         <th class=\"number\">position ahead by</th><th class=\"number\">behind by</th><th class=\"number\">packets</th>\
         <th class=\"number\">their times off by</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n</section>\n"
    )
}

fn row(stream: &Stream) -> String {
    let packets = stream.packets.as_ref();
    let numbers = [
        grouped(stream.period_frames),
        grouped(stream.frames_in),
        grouped(stream.frames_out),
        grouped(stream.glitches.count),
        figure(stream.position.max_ahead_frames),
        figure(stream.position.max_behind_frames),
        packets.map_or(String::new(), |packets| grouped(packets.exchanged)),
        packets.map_or(String::new(), |packets| figure(packets.max_error_frames)),
    ];
    let numbers = numbers.map(|number| format!("<td class=\"number\">{number}</td>")).concat();
    let format = escape(&stream.format.describe());
    let (direction, endpoint, client) = (&stream.direction, stream.endpoint, &stream.client);
    format!("<tr><th>{direction} {endpoint}</th><td>{client}</td><td>{format}</td>{numbers}</tr>\n")
}

#[cfg(test)]
mod tests {
    use super::streams;
    use crate::report::sample;

    #[test]
    fn one_row_a_stream_where_there_are_several() {
        assert_eq!(streams(&sample::exact()), "");
        let table = streams(&sample::duplex());
        assert_eq!(table.matches("<tr><th>").count(), 3);
        assert!(table.contains("<th>capture 0</th><td>packet</td>") && table.contains(">12.5<"), "{table}");
    }
}
