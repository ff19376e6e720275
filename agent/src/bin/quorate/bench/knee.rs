//! Throughput against latency as SVG: each series goes to the right while more clients get more, and turns upwards where
//! they only wait longer.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    plan::{Point, System},
    report::Measured,
};

/// The plot within the picture.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 776.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 400.0;
/// Below the numbers and the name of the axis.
const LEGEND_TOP: f64 = 466.0;
const LEGEND_LINE: f64 = 20.0;

/// Colours that are read on a white and on a dark page; series beyond them begin anew.
const OURS: [&str; 4] = ["#0969da", "#1a7f37", "#8250df", "#bf3989"];
const ETCD: [&str; 2] = ["#bc4c00", "#9a6700"];
const TICK: [&str; 1] = ["#6e7781"];

/// What stays the same along a line.
type Series = (System, usize, u64);

/// One axis: powers of ten, as many as it takes.
#[derive(Clone, Copy, Debug)]
struct Axis {
    first: i32,
    last: i32,
    from: f64,
    to: f64,
}

/// The picture, with one line more about the machine.
pub(crate) fn svg(measured: &[Measured], machine: &str) -> String {
    let mut series: BTreeMap<Series, Vec<&Measured>> = BTreeMap::new();
    for found in measured.iter().filter(|found| found.per_second() > 0.0) {
        let Point { system, load } = found.point;
        series.entry((system, load.size, load.batch)).or_default().push(found);
    }
    for line in series.values_mut() {
        line.sort_by_key(|found| found.point.load.clients);
    }
    let all = || series.values().flatten();
    let x = Axis::over(all().map(|found| found.per_second()), LEFT, RIGHT);
    let y = Axis::over(all().flat_map(|found| [ms(found, P50), ms(found, P99)]), BOTTOM, TOP);
    let height = LEGEND_TOP + LEGEND_LINE * (series.len() + 2) as f64;
    let mut out = String::new();
    put(
        &mut out,
        &format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" role="img" font-family="sans-serif" font-size="13">"#
        ),
    );
    put(&mut out, HEAD);
    grid(&mut out, x, y);
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, (key, line)) in series.iter().enumerate() {
        let colours = palette(key.0);
        let next = used.entry(colours[0]).or_default();
        let colour = colours[*next % colours.len()];
        *next += 1;
        draw(&mut out, line, colour, x, y);
        let place = LEGEND_TOP + LEGEND_LINE * at as f64;
        put(
            &mut out,
            &format!(r#"<path stroke="{colour}" stroke-width="3" d="M{LEFT} {}h28"/>"#, place - 4.0),
        );
        let (system, size, batch) = key;
        let entries = if *batch == 1 { "1 entry".to_owned() } else { format!("{batch} entries") };
        let name = format!("{system}: {size} bytes, {entries} per request");
        put(&mut out, &format!(r#"<text x="{}" y="{place}">{}</text>"#, LEFT + 38.0, escaped(&name)));
    }
    let foot = LEGEND_TOP + LEGEND_LINE * series.len() as f64 + 6.0;
    put(
        &mut out,
        &format!(
            r#"<text class="foot" x="{LEFT}" y="{foot}">Whole lines and dots: p50, with the number of clients; broken lines: p99.</text>"#
        ),
    );
    put(
        &mut out,
        &format!(r#"<text class="foot" x="{LEFT}" y="{}">{}</text>"#, foot + LEGEND_LINE, escaped(machine)),
    );
    put(&mut out, "</svg>");
    out
}

const P50: f64 = 0.5;
const P99: f64 = 0.99;

const HEAD: &str = r#"<title>Durable puts per second against their latency, for a growing number of clients</title>
<style>
text { fill: #6e7781 } .number, .clients { font-size: 12px } .number.x { text-anchor: middle } .number.y { text-anchor: end }
.name { font-weight: bold } .foot { font-size: 12px } .grid { stroke: #8c959f; stroke-opacity: 0.35 }
.p50, .p99 { fill: none; stroke-width: 2 } .p99 { stroke-dasharray: 3 4; stroke-width: 1.2 }
</style>"#;

fn grid(out: &mut String, x: Axis, y: Axis) {
    for power in x.first..=x.last {
        let at = x.place(10_f64.powi(power));
        put(out, &format!(r#"<path class="grid" d="M{at:.1} {TOP}V{BOTTOM}"/>"#));
        put(
            out,
            &format!(r#"<text class="number x" x="{at:.1}" y="{}">{}</text>"#, BOTTOM + 18.0, number(power)),
        );
    }
    for power in y.first..=y.last {
        let at = y.place(10_f64.powi(power));
        put(out, &format!(r#"<path class="grid" d="M{LEFT} {at:.1}H{RIGHT}"/>"#));
        put(
            out,
            &format!(
                r#"<text class="number y" x="{}" y="{:.1}">{}</text>"#,
                LEFT - 8.0,
                at + 4.0,
                number(power)
            ),
        );
    }
    put(out, &format!(r#"<text class="name" x="{LEFT}" y="22">latency of a request, ms</text>"#));
    put(
        out,
        &format!(
            r#"<text class="name" x="{RIGHT}" y="{}" text-anchor="end">puts per second</text>"#,
            BOTTOM + 38.0
        ),
    );
}

fn draw(out: &mut String, line: &[&Measured], colour: &str, x: Axis, y: Axis) {
    for (class, quantile) in [("p99", P99), ("p50", P50)] {
        let points = line
            .iter()
            .map(|found| format!("{:.1} {:.1}", x.place(found.per_second()), y.place(ms(found, quantile))));
        let path = points.collect::<Vec<_>>().join("L");
        put(out, &format!(r#"<path class="{class}" stroke="{colour}" d="M{path}"/>"#));
    }
    for found in line {
        let (x, y) = (x.place(found.per_second()), y.place(ms(found, P50)));
        put(out, &format!(r#"<circle fill="{colour}" cx="{x:.1}" cy="{y:.1}" r="4"/>"#));
        let clients = found.point.load.clients;
        put(
            out,
            &format!(r#"<text class="clients" x="{:.1}" y="{:.1}">{clients}</text>"#, x + 6.0, y + 13.0),
        );
    }
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| *value > 0.0) {
            (least, most) = (least.min(value.log10()), most.max(value.log10()));
        }
        // Nothing to show is an axis all the same.
        let whole = |power: f64| if power.is_finite() { power } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a float has three digits")]
        let (first, last) = (whole(least.floor()) as i32, whole(most.ceil()) as i32);
        Self { first, last: last.max(first + 1), from, to }
    }

    fn place(self, value: f64) -> f64 {
        let share = (value.log10() - f64::from(self.first)) / f64::from(self.last - self.first);
        self.from + share * (self.to - self.from)
    }
}

fn palette(system: System) -> &'static [&'static str] {
    match system {
        System::Quorate => &OURS,
        System::Etcd => &ETCD,
        System::FixedTick(_) => &TICK,
    }
}

/// 0.1, 1, 10, 100, 1k, 10k, 1M.
fn number(power: i32) -> String {
    let value = |power: i32| format!("{}", 10_f64.powi(power));
    match power {
        _ if power >= 6 => format!("{}M", value(power - 6)),
        _ if power >= 3 => format!("{}k", value(power - 3)),
        _ => value(power),
    }
}

fn ms(found: &Measured, quantile: f64) -> f64 {
    found.latency(quantile).as_secs_f64() * 1e3
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn put(out: &mut String, line: &str) {
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests;
