//! A space-time diagram with the stamps of three clocks at each event, as SVG.
//!
//! ```sh
//! cargo run -q -p quorate-lamport --example space_time > docs/pictures/space-time.svg
//! ```
//!
//! Three nodes, time from left to right, an arrow for each message. Above each event its Lamport time, below it its
//! vector. The two events in the second colour are concurrent: their numbers are ordered all the same, their vectors are
//! not. The stamps come from the clocks themselves, and the program checks what it says of them.

#![expect(clippy::print_stdout, reason = "a program speaks to its user")]

use std::fmt::Write;

use lamport::{Causality, ClockError, Lamport, Time, VersionVector};

/// The nodes, from top to bottom.
const NODES: [&str; 3] = ["p", "q", "r"];

/// What happens, in an order in which it can happen: at which node, in which column, and from which event a message comes.
const SCRIPT: [(usize, u32, Option<usize>); 9] = [
    (0, 0, None),    // 0: p works
    (0, 1, None),    // 1: p sends to q
    (1, 2, Some(1)), // 2: q receives
    (1, 3, None),    // 3: q sends to r
    (2, 1, None),    // 4: r works
    (2, 4, Some(3)), // 5: r receives
    (0, 3, None),    // 6: p works: nobody has told it of q
    (2, 5, None),    // 7: r sends to p
    (0, 6, Some(7)), // 8: p receives
];

/// Two events of [`SCRIPT`] of which neither can have caused the other, though one has the smaller number.
const CONCURRENT: [usize; 2] = [6, 5];

/// An event with its place and its stamps.
struct Event {
    node: usize,
    column: u32,
    sent: Option<usize>,
    time: Time,
    vector: VersionVector<&'static str>,
}

fn history() -> Result<Vec<Event>, ClockError> {
    let mut clocks = NODES.map(|_| (Lamport::new(), VersionVector::new()));
    let mut events: Vec<Event> = Vec::new();
    for (node, column, sent) in SCRIPT {
        let (clock, vector) = &mut clocks[node];
        let time = match sent {
            None => clock.tick()?,
            Some(sent) => {
                vector.merge(&events[sent].vector);
                clock.observe(events[sent].time)?
            }
        };
        vector.tick(&NODES[node])?;
        events.push(Event { node, column, sent, time, vector: vector.clone() });
    }
    Ok(events)
}

/// The picture.
fn svg() -> Result<String, ClockError> {
    let events = history()?;
    let [a, b] = CONCURRENT.map(|at| &events[at]);
    assert!(
        a.time < b.time && a.vector.causal_cmp(&b.vector) == Causality::Concurrent,
        "as the caption says"
    );
    let mut lines = String::from(HEAD);
    for (node, name) in NODES.into_iter().enumerate() {
        let y = y(node);
        put(&mut lines, &format!(r#"<text class="node" x="24" y="{}">{name}</text>"#, y + 5));
        put(&mut lines, &format!(r#"<path class="line" d="M48 {y}H760"/>"#));
    }
    for event in &events {
        if let Some(from) = event.sent.map(|sent| &events[sent]) {
            let (x1, y1, x2, y2) = (x(from.column), y(from.node), x(event.column), y(event.node));
            // Ends at the rim of the dot.
            let (dx, dy) = (f64::from(x2) - f64::from(x1), f64::from(y2) - f64::from(y1));
            let short = 8.0 / dx.hypot(dy);
            let (x2, y2) = (f64::from(x2) - dx * short, f64::from(y2) - dy * short);
            put(&mut lines, &format!(r#"<path class="message" d="M{x1} {y1}L{x2:.1} {y2:.1}"/>"#));
        }
    }
    for (at, event) in events.iter().enumerate() {
        let (x, y) = (x(event.column), y(event.node));
        let class = if CONCURRENT.contains(&at) { "event apart" } else { "event" };
        put(&mut lines, &format!(r#"<circle class="{class}" cx="{x}" cy="{y}" r="6"/>"#));
        put(&mut lines, &format!(r#"<text class="time" x="{x}" y="{}">{}</text>"#, y - 14, event.time));
        let counts = NODES.map(|node| event.vector.get(&node).to_string()).join(" ");
        put(&mut lines, &format!(r#"<text class="vector" x="{x}" y="{}">[{counts}]</text>"#, y + 25));
    }
    let caption = format!(
        "{} &lt; {}, yet {} and {} are concurrent: only the vectors know",
        a.time, b.time, NODES[a.node], NODES[b.node]
    );
    put(&mut lines, &format!(r#"<text class="caption" x="404" y="334">{caption}</text>"#));
    put(&mut lines, "</svg>");
    Ok(lines)
}

/// Colours that are read on a white and on a dark page.
const HEAD: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 352" role="img" font-family="sans-serif" font-size="14">
<title>Three nodes, their events, and the Lamport time and the vector of each</title>
<style>
text { fill: #57606a } .time { text-anchor: middle; font-weight: bold } .vector, .caption { text-anchor: middle }
.node { font-weight: bold; font-size: 16px } .vector { font-family: monospace; font-size: 12px }
.line { stroke: #8c959f } .message { stroke: #0969da; fill: none; marker-end: url(#head) }
.event { fill: #0969da } .apart { fill: #bc4c00 }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#0969da"/></marker></defs>
"##;

const fn x(column: u32) -> u32 {
    90 + 105 * column
}

fn y(node: usize) -> u32 {
    [56, 156, 256][node]
}

fn put(lines: &mut String, line: &str) {
    let _ = writeln!(lines, "{line}");
}

fn main() -> Result<(), ClockError> {
    print!("{}", svg()?);
    Ok(())
}

#[test]
fn the_committed_picture_is_what_this_prints() {
    let committed = include_str!("../../docs/pictures/space-time.svg");
    assert_eq!(
        svg().as_deref(),
        Ok(committed),
        "cargo run -q -p quorate-lamport --example space_time > docs/pictures/space-time.svg"
    );
}
