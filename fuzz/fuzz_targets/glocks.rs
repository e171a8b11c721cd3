//! Arbitrary text as GFS2's `glocks`: what is read, printed and read again is the same.

#![no_main]

use formats::gfs2::glocks::{is_background, parse_line};
use formats::gfs2::print::{self, Generation};
use formats::gfs2::{Dialect, Glock, Line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut dialect = Dialect::default();
    let mut glock: Option<Glock<'_>> = None;
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(read) = parse_line(line) else { continue };
        match &read {
            Line::Glock(found) => {
                dialect.note(found);
                glock = Some(*found);
                let _ = (found.flags.words(&dialect), found.flags.has_dlm_lock(&dialect), found.flags.reply_pending(&dialect));
            }
            Line::Holder(holder) => {
                dialect.note_holder(holder.flags);
                let _ = (holder.flags.words(), glock.map(|glock| is_background(&glock, holder)));
            }
            _ => {}
        }
        if rest(&read).is_empty() {
            printed_and_read_again(&read);
            for generation in Generation::ALL {
                printed_and_read_again(&generation.fields(&read));
            }
        }
    }
});

fn rest<'a>(line: &Line<'a>) -> &'a [u8] {
    match line {
        Line::Glock(glock) => glock.rest,
        Line::Holder(holder) => holder.rest,
        Line::Inode(inode) => inode.rest,
        Line::Rgrp(rgrp) => rgrp.rest,
        Line::RgrpLvb(lvb) => lvb.rest,
        Line::Reservation(reservation) => reservation.rest,
    }
}

fn printed_and_read_again(line: &Line<'_>) {
    // Without the name of a function, the end of a process's name is a guess; `-7 [(none)]` prints as 0.
    if matches!(line, Line::Holder(holder) if holder.offset.is_empty()) {
        return;
    }
    let mut text = Vec::new();
    print::write_line(&mut text, line);
    let text = text.strip_suffix(b"\n").expect("a newline");
    assert_eq!(parse_line(text).as_ref(), Ok(line));
}
