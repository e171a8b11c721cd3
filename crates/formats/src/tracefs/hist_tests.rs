use super::*;
use proptest::prelude::*;

const FILE: &str = "# event histogram
#
# trigger info: hist:keys=dev,gltype,glnum:vals=hitcount,tdiff:sort=hitcount:size=16384 [active]
#

{ dev:  265289760, gltype:          2, glnum:      99315 } hitcount:         12  tdiff:     123456
{ dev:  265289760, gltype:          5, glnum: 18446744073709551615 } hitcount:          1  tdiff: 18446744073709551615

Totals:
    Hits: 13
    Entries: 2
    Dropped: 0
";

fn lines(text: &str) -> Vec<HistLine<'_>> {
    text.lines().map(|line| parse_line(line.as_bytes()).unwrap()).collect()
}

fn entry_of(line: &str) -> HistEntry<'_> {
    match parse_line(line.as_bytes()).unwrap() {
        HistLine::Entry(entry) => entry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_file() {
    let lines = lines(FILE);
    assert_eq!(lines[0], HistLine::Comment(b"event histogram"));
    assert!(matches!(lines[2], HistLine::Trigger(text) if text.starts_with(b"hist:keys=dev,") && text.ends_with(b"[active]")));
    assert_eq!(lines[4], HistLine::Blank);
    let HistLine::Entry(first) = lines[5] else { panic!("{:?}", lines[5]) };
    assert_eq!(
        (first.key_number("dev"), first.key_number("gltype"), first.key_number("glnum")),
        (Some(265_289_760), Some(2), Some(99_315))
    );
    assert_eq!((first.hitcount, first.value("tdiff"), first.value("status"), first.key("tdiff")), (12, Some(123_456), None, None));
    let HistLine::Entry(second) = lines[6] else { panic!("{:?}", lines[6]) };
    assert_eq!((second.key_number("glnum"), second.value("tdiff")), (Some(u64::MAX), Some(u64::MAX)));
    assert_eq!(lines[8..], [HistLine::Totals, HistLine::Hits(13), HistLine::Entries(2), HistLine::Dropped(0)]);
}

#[test]
fn decorated_keys_are_kept_as_text() {
    let entry = entry_of("{ dev: fd00020, comm: a, } b           [       7], id: sys_read    [  0] } hitcount:          3  n:  ff");
    assert_eq!((entry.key("dev"), entry.key_number("dev")), (Some(&b"fd00020"[..]), None));
    assert_eq!(entry.key("id"), Some(&b"sys_read    [  0]"[..]));
    assert_eq!((entry.hitcount, entry.value("n")), (3, None));
    assert_eq!(entry_of("{ tdiff: ~ 2^10 } hitcount: 1").key("tdiff"), Some(&b"~ 2^10"[..]));
    // Without values beside the count.
    assert_eq!(entry_of("{ a: 1 } hitcount:          2").value("tdiff"), None);
}

#[test]
fn a_stack_as_key_is_passed_by() {
    let text = "{ stacktrace:\n         gfs2_glock_nq+0x1/0x2 [gfs2]\n} hitcount:          1";
    let parsed: Vec<_> = text.lines().map(|line| parse_line(line.as_bytes())).collect();
    assert!(parsed[0].is_err());
    assert!(matches!(parsed[1], Ok(HistLine::Other(_))));
    assert!(matches!(parsed[2], Ok(HistLine::Other(_))));
}

#[test]
fn every_cut_of_an_entry_up_to_its_count_is_a_problem() {
    let line = b"{ dev: 1, gltype: 2 } hitcount: 3";
    for end in 1..line.len() {
        assert!(parse_line(&line[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(parse_line(b"{ a: 1 } hitcount: x").unwrap_err().field, 3);
    assert_eq!(parse_line(b"    Hits: many").unwrap_err().field, 2);
}

proptest! {
    #[test]
    fn printed_entries_read_back(dev: u32, gltype: u32, glnum: u64, hits: u64, tdiff: u64) {
        let line = format!("{{ dev: {dev:>10}, gltype: {gltype:>10}, glnum: {glnum:>10} }} hitcount: {hits:>10}  tdiff: {tdiff:>10}");
        let entry = entry_of(&line);
        prop_assert_eq!(entry.key_number("dev"), Some(u64::from(dev)));
        prop_assert_eq!(entry.key_number("gltype"), Some(u64::from(gltype)));
        prop_assert_eq!(entry.key_number("glnum"), Some(glnum));
        prop_assert_eq!((entry.hitcount, entry.value("tdiff")), (hits, Some(tdiff)));
        let mut printed = Vec::new();
        write_line(&mut printed, &HistLine::Entry(entry));
        prop_assert_eq!(String::from_utf8(printed).unwrap(), line + "\n");
    }

    #[test]
    fn whatever_is_read_is_read_again_from_its_print(line in "[{}#:, a-z0-9]{0,60}|\\{ a: [ -~]{0,20} \\} hitcount: [0-9]{1,3}[ -~]{0,20}") {
        let Ok(read) = parse_line(line.as_bytes()) else { return Ok(()) };
        let mut printed = Vec::new();
        write_line(&mut printed, &read);
        prop_assert_eq!(parse_line(printed.strip_suffix(b"\n").unwrap()).unwrap(), read);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        if let Ok(HistLine::Entry(entry)) = parse_line(&bytes) {
            let _ = (entry.key("a"), entry.value("a"));
        }
    }
}
