//! Cycles of a directed graph: its strongly connected components that have an edge cycle.

use std::collections::VecDeque;

/// The components with a cycle: several vertices, or one with an edge to itself. `edges`: each vertex' successors; numbers that
/// are no vertex are passed over. Vertices ascend in each component, components by their first vertex.
pub(super) fn cyclic(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let forward = |vertex: usize| edges.get(vertex).map_or(&[][..], Vec::as_slice);
    let mut reverse: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (from, successors) in edges.iter().enumerate() {
        for to in successors {
            if let Some(list) = reverse.get_mut(*to) {
                list.push(from);
            }
        }
    }
    // Kosaraju: the order in which a depth-first walk leaves the vertices, then a walk against the edges in that order reversed.
    let mut seen = vec![false; edges.len()];
    let mut left = Vec::with_capacity(edges.len());
    for start in 0..edges.len() {
        let mut path = vec![(start, 0)];
        if !enter(&mut seen, start) {
            continue;
        }
        while let Some((vertex, next)) = path.last_mut() {
            if let Some(to) = forward(*vertex).get(*next) {
                *next += 1;
                if enter(&mut seen, *to) {
                    path.push((*to, 0));
                }
            } else {
                left.push(*vertex);
                path.pop();
            }
        }
    }
    let mut components = Vec::new();
    let mut taken = vec![false; edges.len()];
    for start in left.into_iter().rev() {
        if !enter(&mut taken, start) {
            continue;
        }
        let (mut component, mut open) = (vec![start], vec![start]);
        while let Some(vertex) = open.pop() {
            for to in reverse.get(vertex).map_or(&[][..], Vec::as_slice) {
                if enter(&mut taken, *to) {
                    component.push(*to);
                    open.push(*to);
                }
            }
        }
        if component.len() > 1 || forward(start).contains(&start) {
            component.sort_unstable();
            components.push(component);
        }
    }
    components.sort();
    components
}

/// Marks a vertex; false if it was marked before, or is none.
fn enter(marks: &mut [bool], vertex: usize) -> bool {
    marks.get_mut(vertex).is_some_and(|mark| !std::mem::replace(mark, true))
}

/// A shortest cycle through the first vertex of a component: its vertices in the order of the edges.
pub(super) fn shortest_cycle(edges: &[Vec<usize>], component: &[usize]) -> Vec<usize> {
    let Some(&start) = component.first() else { return Vec::new() };
    let mut before: Vec<Option<usize>> = vec![None; edges.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(vertex) = queue.pop_front() {
        for to in edges.get(vertex).into_iter().flatten() {
            if *to == start {
                let mut path = vec![vertex];
                let mut at = vertex;
                while let Some(Some(previous)) = before.get(at).filter(|_| at != start) {
                    path.push(*previous);
                    at = *previous;
                }
                path.reverse();
                return path;
            }
            if let Some(slot @ None) = before.get_mut(*to) {
                *slot = Some(vertex);
                queue.push_back(*to);
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cycle_a_loop_and_a_tail() {
        let edges = vec![vec![1], vec![2], vec![0], vec![0], vec![4], vec![]];
        assert_eq!(cyclic(&edges), [vec![0, 1, 2], vec![4]]);
        assert_eq!((shortest_cycle(&edges, &[0, 1, 2]), shortest_cycle(&edges, &[4])), (vec![0, 1, 2], vec![4]));
    }

    proptest! {
        #[test]
        fn cycles_are_found_if_and_only_if_they_exist(edges in proptest::collection::vec(proptest::collection::vec(0..12_usize, 0..4), 12)) {
            let mut reach = vec![vec![false; 12]; 12];
            for (from, list) in edges.iter().enumerate() {
                for to in list {
                    reach[from][*to] = true;
                }
            }
            for middle in 0..12 {
                for from in 0..12 {
                    for to in 0..12 {
                        reach[from][to] |= reach[from][middle] && reach[middle][to];
                    }
                }
            }
            let found = cyclic(&edges);
            for (vertex, reached) in reach.iter().enumerate() {
                let component: Vec<usize> = (0..12).filter(|other| reached[*other] && reach[*other][vertex]).collect();
                prop_assert_eq!(!component.is_empty(), found.iter().any(|of| of.contains(&vertex)));
                prop_assert!(component.is_empty() || found.contains(&component));
            }
            for component in &found {
                let cycle = shortest_cycle(&edges, component);
                prop_assert!(!cycle.is_empty());
                for (at, vertex) in cycle.iter().enumerate() {
                    prop_assert!(edges[*vertex].contains(&cycle[(at + 1) % cycle.len()]));
                }
            }
        }
    }
}
