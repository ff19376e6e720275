use super::{blessed, check};
use crate::workspace::File;

fn read(path: &str) -> Option<String> {
    // The check value of CRC-32C is that of these nine digits: e3069283.
    (path == "storage/src/record.rs").then(|| "1234\r56789".to_owned())
}

const FITS: &str = "# Page\n\n<!-- mirrors: storage/src/record.rs crc32c:e3069283 -->\n\nText\n";

#[test]
fn a_page_moves_with_its_file() {
    assert!(check(&File::of("docs/wal.md", FITS), &read).is_empty());
    assert_eq!(blessed(&File::of("docs/wal.md", FITS), &read), None, "nothing to bless");
    for stale in [
        FITS.replace("e3069283", "00000000"),
        FITS.replace(" crc32c:e3069283", ""),
        FITS.replace("crc32c", "crc32"),
    ] {
        let page = File::of("docs/wal.md", &stale);
        let found = check(&page, &read);
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [3], "{stale}");
        assert_eq!(blessed(&page, &read).as_deref(), Some(FITS), "{stale}");
    }
}

#[test]
fn a_file_that_is_gone_cannot_be_blessed() {
    for text in ["<!-- mirrors: storage/src/gone.rs crc32c:e3069283 -->\n", "<!-- mirrors: -->\n"] {
        let page = File::of("docs/wal.md", text);
        assert_eq!(check(&page, &read).len(), 1, "{text}");
        assert_eq!(blessed(&page, &read), None, "{text}");
    }
}

#[test]
fn a_marker_that_is_only_mentioned() {
    let text = "Write `<!-- mirrors: x.rs crc32c:0 -->`.\n\n    <!-- mirrors: x.rs crc32c:0 -->\n";
    assert!(check(&File::of("docs/page.md", text), &read).is_empty());
    assert_eq!(
        blessed(&File::of("docs/wal.rs", &FITS.replace('3', "4")), &read),
        None,
        "only pages carry markers"
    );
}
