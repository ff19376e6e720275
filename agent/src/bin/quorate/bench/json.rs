//! Everything measured, for programs: one object a line for each point and round.

use std::fmt::Write;

use super::{
    machine::Machine,
    plan::{Load, System},
    report::Measured,
};

/// The whole file. Only numbers of ours and fixed words are in it, so nothing needs an escape.
pub(crate) fn json(measured: &[Measured], machine: &Machine) -> String {
    let mut out = format!("{{\"machine\": {}, \"points\": [\n", object(&machine.fields()));
    for (at, found) in measured.iter().enumerate() {
        let comma = if at + 1 == measured.len() { "" } else { "," };
        let (system, tick_ms) = match found.point.system {
            System::Quorate => ("quorate", 0.0),
            System::FixedTick(tick) => ("quorate, fixed tick", tick.as_secs_f64() * 1e3),
            System::Etcd => ("etcd", 0.0),
        };
        let _ = writeln!(
            out,
            "{{\"system\": \"{system}\", \"tick_ms\": {tick_ms}, \"saturates\": \"{}\", \"measured\": {}}}{comma}",
            found.limit,
            object(&fields(found))
        );
    }
    out.push_str("]}\n");
    out
}

fn fields(found: &Measured) -> Vec<(&'static str, f64)> {
    let Load { size, batch, clients, connections_max } = found.point.load;
    let shares = found.shares;
    let ms = |quantile| found.latency(quantile).as_secs_f64() * 1e3;
    let mut fields = vec![
        ("entry_bytes", size as f64),
        ("entries_per_request", batch as f64),
        ("clients", clients as f64),
        ("connections", clients.min(connections_max) as f64),
        ("seconds", found.loaded.elapsed.as_secs_f64()),
        ("requests", found.loaded.requests as f64),
        ("puts_per_second", found.per_second()),
        ("p50_ms", ms(0.5)),
        ("p99_ms", ms(0.99)),
        ("p99_9_ms", ms(0.999)),
        ("cpu_us_per_put", found.processor_us()),
        ("leader_cpu_us_per_put", found.leader_us()),
        ("load_cpu_us_per_put", found.generator_us()),
        ("runs_per_put", found.runs()),
        ("syncs_per_put", found.syncs()),
        ("acknowledged_and_found", found.acknowledged as f64),
        ("share_leader", shares.leader),
        ("share_followers", shares.followers),
        ("share_load", shares.generator),
        ("share_others", shares.others),
        ("share_disk_waits", shares.disk),
        ("share_load_thread", shares.generator_thread),
        ("share_network", shares.network),
    ];
    fields.extend(shares.leader_loop.map(|share| ("share_leader_loop", share)));
    fields.extend(found.written_bytes().map(|bytes| ("disk_bytes_per_put", bytes)));
    fields
}

fn object(fields: &[(&str, f64)]) -> String {
    // JSON has no infinities; none is measured, and a zero would be looked at.
    let number = |value: f64| if value.is_finite() { value } else { 0.0 };
    let pairs = fields.iter().map(|(name, value)| format!("\"{name}\": {}", number(*value)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}
