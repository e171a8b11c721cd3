//! What stands where there is no lock to show: why, and what can be done.

use super::app::App;
use super::nodes;
use super::paint;
use model::{NodeState, NodeView};
use ratatui::text::{Line, Span};

/// The page.
pub fn lines(app: &App, columns: u16) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    let theme = app.theme;
    let mut lines = vec![Line::default()];
    let mut say = |text: &str| {
        lines.extend(paint::wrap(text, columns.saturating_sub(2), theme).into_iter().map(|text| Line::raw(format!("  {text}"))));
    };
    let all = nodes::of(app);
    if app.shown.is_none() {
        say(&format!("Connecting: {}", app.title.0));
        say("The first picture comes as soon as every node has given a sample or a reason why not, at the latest after 1.5 s.");
        return lines;
    }
    if !all.iter().any(|node| node.state.counts()) {
        let down = all.iter().filter(|node| matches!(node.state, NodeState::Down(_) | NodeState::Late(_))).count();
        if down == all.len() && down > 0 {
            say("No node gives samples, so nothing is known of the locks:");
        } else {
            say("No sample yet:");
        }
        lines.extend(troubles(&all, columns, app));
        return lines;
    }
    let what = if app.has_glocks() { "glocks" } else { "locks" };
    let hot = app
        .file_system()
        .map_or(0, |view| view.rows.iter().filter(|row| row.is_hot()).count() + view.glocks.iter().filter(|row| row.is_hot()).count());
    if app.is_filtered() && hot > 0 {
        say(&format!("None of the {hot} active {what} passes the filter. / changes it, Esc clears it."));
        return lines;
    }
    let known: Vec<String> = all
        .iter()
        .filter_map(|node| Some((node, node.last.as_ref()?)))
        .map(|(node, head)| format!("{} knows {} {what}", node.name, head.known))
        .collect();
    if hot > 0 {
        say(&format!("{hot} {what} of system files were active; none of a user's. / system shows them."));
    } else if app.has_glocks() {
        say("No glock was used in this interval, and nobody waits.");
    } else {
        say("Nothing was acquired in this interval, and nobody waits.");
    }
    say(&format!("{}.", known.join(", ")));
    let down = all.iter().filter(|node| !node.state.counts()).collect::<Vec<_>>();
    if !down.is_empty() {
        lines.push(Line::default());
        lines.push(Line::raw("  Nothing is known of:"));
        lines.extend(troubles(&down.into_iter().copied().collect::<Vec<_>>(), columns, app));
    }
    lines
}

fn troubles(nodes: &[&NodeView], columns: usize, app: &App) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for node in nodes {
        lines.push(Line::default());
        lines.push(Line::from(vec![Span::raw("  "), Span::styled(node.name.clone(), app.theme.name())]));
        lines.extend(nodes::trouble(node, columns, app.theme));
    }
    lines
}
