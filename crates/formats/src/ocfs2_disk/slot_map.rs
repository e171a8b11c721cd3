//! The slot map (`struct ocfs2_slot_map`, `ocfs2_slot_map_extended`, `fs/ocfs2/slot_map.c`): which nodes have mounted the volume. A
//! node that died stays in it until another one has replayed its journal.

use super::bytes::{u16_at, u32_at};

/// Who holds which slot, by the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotMap {
    /// Node number of each slot, from slot 0; `None` is free.
    pub slots: Vec<Option<u32>>,
}

/// What an empty slot of the older form says.
const EMPTY: u16 = 0xffff;

impl SlotMap {
    /// Bytes that a map of so many slots takes: 8 per slot in the newer form (valid flag, node number), 2 in the older.
    pub fn length(max_slots: u16, extended: bool) -> usize {
        usize::from(max_slots) * if extended { 8 } else { 2 }
    }

    /// Reads the file's first [`SlotMap::length`] bytes; `None` if they are fewer.
    pub fn parse(file: &[u8], max_slots: u16, extended: bool) -> Option<SlotMap> {
        let slots = (0..usize::from(max_slots)).map(|slot| {
            if extended {
                let node = u32_at(file, slot * 8 + 4)?;
                Some((*file.get(slot * 8)? != 0).then_some(node))
            } else {
                u16_at(file, slot * 2).map(|node| (node != EMPTY).then_some(u32::from(node)))
            }
        });
        slots.collect::<Option<_>>().map(|slots| SlotMap { slots })
    }

    /// Node numbers in the map, in the order of their slots.
    pub fn nodes(&self) -> impl Iterator<Item = u32> {
        self.slots.iter().filter_map(|slot| *slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let old = [1, 0, 0xff, 0xff, 0, 0];
        assert_eq!(SlotMap::parse(&old, 3, false).unwrap().slots, [Some(1), None, Some(0)]);
        assert_eq!(SlotMap::parse(&old, 4, false), None);
        let new = [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        let map = SlotMap::parse(&new, 3, true).unwrap();
        assert_eq!(map.slots, [Some(2), None, Some(0)]);
        assert_eq!(map.nodes().collect::<Vec<_>>(), [2, 0]);
        assert_eq!(SlotMap::parse(&new[..20], 3, true), None);
        assert_eq!(SlotMap::parse(&[], 0, true), Some(SlotMap::default()));
    }
}
