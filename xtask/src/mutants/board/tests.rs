use super::{Board, Part, Row, Verdict};

fn found(by: &str, seeds: Option<u64>) -> Verdict {
    Verdict::Found { by: by.to_owned(), seeds }
}

fn row(name: &str, sim: Option<Verdict>) -> Row {
    let mut verdicts = vec![(Part::Tests, found("paper::rule", None))];
    verdicts.extend(sim.map(|verdict| (Part::Sim, verdict)));
    Row { mutant: name.to_owned(), needs_all: true, verdicts }
}

#[test]
fn the_simulator_must_find_what_is_its_own() {
    let both = row("a", Some(found("a law", Some(3))));
    assert!(both.is_found() && row("b", None).is_found());
    let mut missed = row("c", Some(Verdict::Missed));
    assert!(!missed.is_found());
    missed.needs_all = false;
    assert!(missed.is_found(), "elsewhere one is enough");
    let nobody =
        Row { mutant: "d".to_owned(), needs_all: false, verdicts: vec![(Part::Loom, Verdict::Missed)] };
    assert!(!nobody.is_found());
}

#[test]
fn the_table_ends_with_what_counts() {
    let seeds = [5, 1, 700].map(|seeds| row(&format!("m{seeds}"), Some(found("a law", Some(seeds)))));
    let mut board = Board { rows: seeds.into_iter().chain([row("hostile", None)]).collect() };
    assert_eq!((board.median_seeds(), board.missed()), (Some(5), 0));
    let text = board.to_string();
    assert!(text.contains("| m5 | paper::rule | a law | 5 |\n"), "{text}");
    assert!(text.contains("| hostile | paper::rule | – | – |\n"), "{text}");
    assert!(text.ends_with("simulator: median 5 seeds, worst 700 (m700)\n4 found, 0 not found"), "{text}");
    board.rows.push(row("lost", Some(Verdict::Missed)));
    let text = board.to_string();
    assert!(text.contains("| lost | paper::rule | **not found** | – |\n"), "{text}");
    assert!(text.ends_with("worst more than the budget (lost)\n4 found, 1 not found"), "{text}");
}

#[test]
fn without_the_simulator_there_is_no_median() {
    let board = Board { rows: vec![row("a", None)] };
    assert_eq!(board.median_seeds(), None);
    assert!(board.to_string().ends_with("\n\n1 found, 0 not found"));
}
