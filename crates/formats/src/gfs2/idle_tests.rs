use super::super::glocks::{Glock, is_background};
use super::super::glstats;
use super::*;
use proptest::prelude::*;

/// Real dumps, and lines of kinds that those lack.
const TEXTS: [&[u8]; 4] = [
    include_bytes!("../../testdata/gfs2/flock-node2/glocks"),
    include_bytes!("../../testdata/gfs2/hot/glocks"),
    include_bytes!("../../testdata/gfs2/linux-6.12/glocks"),
    b"G:  s:SH n:2/183f5 f:ldrIqob t:EX d:UN/0 a:0 v:0 r:5 m:10\n H: s:EX f:W e:0 p:17511 [python] gfs2_unlink+0x7e/0x250 [gfs2]\n \
I: n:1/99317 t:4 f:0x00 d:0x00000003 s:2048\nG:  s:SH n:5/183f5 f:Iqo t:SH d:EX/0 a:0 v:0 r:3 m:10\n H: s:SH f:EH e:0 p:146 [(ended)] \
gfs2_inode_lookup+0xe1/0x200 [gfs2]\n I: n:1/99317 t:8 f:0x10 d:0x00000000 s:7522/7522 p:1\nG:  s:EX n:3/2035 f:yIob t:EX d:EX/0 a:0 \
v:0 r:3 m:20 p:0\n R: n:8245 f:90000000 b:59865/59865 i:15 q:4 r:0 e:62463\n  L: f:00 b:59865 i:15\n  B: n:9285 s:8300 f:4\nG:  s:UN \
n:2/1 f: t:UN d:EX/0 a:0 v:0 r:2 m:20 p:0\nG:  s:UN n:1/3 f: t:UN d:EX/0 a:0 v:0 r:2 m:20 p:0\n",
];

/// What the short cut says must be what the lines say, each read by itself.
fn check(text: &[u8]) -> Option<Idle> {
    let idle = idle_glock(text)?;
    let (own, after) = text.split_at(idle.bytes);
    assert!(own.ends_with(b"\n") && after.starts_with(b"G:"));
    let lines: Vec<&[u8]> = own.strip_suffix(b"\n").unwrap().split(|&byte| byte == b'\n').collect();
    assert_eq!(lines.len(), idle.lines as usize);
    let (mut glocks, mut holders): (Vec<Glock<'_>>, HolderFlags) = (Vec::new(), HolderFlags::default());
    for line in lines {
        match parse_line(line).unwrap() {
            Line::Glock(glock) => glocks.push(glock),
            Line::Holder(holder) => {
                assert!(is_background(&glocks[0], &holder) && !holder.flags.waiting(), "{holder:?}");
                holders.0 |= holder.flags.0;
            }
            _ => {}
        }
    }
    let [glock] = glocks[..] else { panic!("{glocks:?}") };
    assert_eq!((idle.name, idle.state, idle.state, idle.flags), (glock.name, glock.state, glock.target, glock.flags));
    assert_eq!((idle.holders, glock.rest), (holders, &b""[..]));
    assert!(!glock.flags.changing() && !glock.flags.demote_asked() && !glock.flags.demote_deferred() && !glock.flags.demoting());
    Some(idle)
}

/// Glocks that the short cut takes, of all.
fn taken(text: &[u8]) -> (usize, usize) {
    let starts = memchr::memmem::find_iter(text, b"G:  s:");
    starts.fold((0, 0), |(taken, all), at| (taken + usize::from(check(&text[at..]).is_some()), all + 1))
}

#[test]
fn most_glocks_of_real_dumps_are_idle() {
    assert_eq!(TEXTS.map(taken), [(104, 110), (269, 287), (105, 110), (3, 5)]);
}

#[test]
fn what_is_not_plain_is_left_to_be_read() {
    let plain = "G:  s:SH n:5/27 f:Iqo t:SH d:EX/0 a:0 v:0 r:3 m:50 p:0\n H: s:SH f:EH e:0 p:0 [(none)] f+0x1/0x2\n I: n:1/39 t:8 f:0x00 d:0x00000000 s:1 p:0\n";
    let next = "G: whatever follows";
    let idle = idle_glock(format!("{plain}{next}").as_bytes()).unwrap();
    assert_eq!((idle.name.to_string().as_str(), idle.state, idle.lines, idle.bytes), ("5/27", GlockState::SH, 3, plain.len()));
    assert_eq!((idle.flags, idle.holders), (GlockFlags::parse(b"Iqo"), HolderFlags::parse(b"EH")));
    // Its end is not in sight.
    for end in 0..plain.len() + 2 {
        assert_eq!(idle_glock(&format!("{plain}{next}").as_bytes()[..end]), None);
    }
    let other = "s:SH n:2/27 f:Iqo";
    for (from, to) in [
        ("f:Iqo", "f:lIqo"),
        ("f:Iqo", "f:DIqo"),
        ("f:Iqo", "f:I?o"),
        ("t:SH", "t:UN"),
        ("s:SH n:5", "s:XX n:5"),
        ("n:5/27", "n:1/1"),
        ("n:5/27", "n:5/2x"),
        ("d:EX/0", "d:UN/0"),
        ("d:EX/0", "d:EX/4000"),
        ("r:3", "r:"),
        ("p:0\n H", "p:0 z:1\n H"),
        ("f:EH", "f:EW"),
        ("s:SH n:5/27 f:Iqo", other),
        ("t:8", "t:x"),
        (" I:", "\n I:"),
        (" I:", " Z:"),
        (" H:", " H: s:EX f:H e:0 p:7 [sleep] gfs2_flock+0x1/0x2\n H:"),
    ] {
        let text = format!("{plain}{next}").replacen(from, to, 1);
        assert_ne!(text, format!("{plain}{next}"));
        assert_eq!(check(text.as_bytes()), None, "{text}");
    }
}

proptest! {
    /// Lines of any dumps in any order, with bytes changed, put in and cut out.
    #[test]
    fn the_short_cut_says_what_the_lines_say(
        start in (0usize..4, any::<prop::sample::Index>()),
        more in prop::collection::vec((0usize..4, any::<prop::sample::Index>()), 0..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0u8..3, prop::sample::select(b"\n GHIRLBsnftdavrmpEXSHUN?:/0129abfWlD[]x\xff".to_vec())), 0..3),
    ) {
        let lines = |which: usize| TEXTS[which].split_inclusive(|&byte| byte == b'\n').collect::<Vec<_>>();
        let glocks: Vec<usize> = lines(start.0).iter().enumerate().filter(|(_, line)| line.starts_with(b"G")).map(|(at, _)| at).collect();
        let mut text = lines(start.0)[glocks[start.1.index(glocks.len())]..].iter().take(5).fold(Vec::new(), |text, line| [&text, *line].concat());
        for (which, at) in more {
            let all = lines(which);
            text.extend_from_slice(all[at.index(all.len())]);
        }
        text.extend_from_slice(b"G:");
        for (at, what, byte) in changes {
            let at = at.index(text.len().min(160));
            match what {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                _ => {
                    text.remove(at);
                }
            }
        }
        check(&text);
    }

    /// The same of `glstats`: what the short cut takes is what the line says, and plain lines are taken.
    #[test]
    fn counts_are_those_of_the_line(
        kind: u8, number: u64, times: [i64; 6], shift in 0u32..64, counts: [u64; 2],
        change in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(b"\n G:/-0129nrtbicq\xff".to_vec()))),
    ) {
        let [srtt, srttvar, srttb, srttbvar, sirt, sirtvar] = times.map(|time| time >> shift);
        let name = GlockName::new(GlockType(kind), number >> shift);
        let line = format!("G: n:{name} rtt:{srtt}/{srttvar} rttb:{srttb}/{srttbvar} irt:{sirt}/{sirtvar} dcnt: {} qcnt: {}", counts[0], counts[1]);
        let mut text = format!("{line}\nG: n:2/1 rtt:0/0").into_bytes();
        if let Some((at, byte)) = change {
            let at = at.index(line.len());
            text[at] = byte;
        }
        let used = glstats::used(&text);
        if let Some(used) = used {
            let line = text[..used.bytes].strip_suffix(b"\n").unwrap();
            prop_assert!(!line.contains(&b'\n'));
            let stats = glstats::parse_line(line).unwrap();
            prop_assert_eq!((used.name, used.dlm_requests, used.queued), (stats.name, stats.dlm_requests, stats.queued));
            prop_assert_eq!(stats.rest, b"");
        }
        let plain = [srtt, srttvar, srttb, srttbvar, sirt, sirtvar].iter().all(|time| (0..1_000_000_000_000_000).contains(time));
        prop_assert!(used.is_some() || !plain || change.is_some(), "{line}");
    }
}
