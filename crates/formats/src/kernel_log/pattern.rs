//! Texts with holes.

/// What stands in the holes `{}` of `pattern`: each the shortest text that lets the rest fit, the last one all that is left.
pub fn holes<'a, const N: usize>(pattern: &str, text: &'a str) -> Option<[&'a str; N]> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut found = [""; N];
    for (index, hole) in found.iter_mut().enumerate() {
        let piece = pieces.next()?;
        (*hole, rest) = if index + 1 == N { (rest.strip_suffix(piece)?, "") } else { rest.split_once(piece)? };
    }
    (rest.is_empty() && pieces.next().is_none()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_from_the_left() {
        assert_eq!(holes("a {} (num {}) at {}:{}", "a x (num 3) at 10.0.0.1:77"), Some(["x", "3", "10.0.0.1", "77"]));
        assert_eq!(holes("state {}", "state 7"), Some(["7"]));
        assert_eq!(holes("state {}.", "state 7"), None::<[_; 1]>);
        assert_eq!(holes("{} secs", "a secs secs"), Some(["a secs"]));
        assert_eq!(holes("no hole", "no hole"), Some([]));
        assert_eq!(holes::<0>("no hole", "no hole at all"), None);
    }
}
