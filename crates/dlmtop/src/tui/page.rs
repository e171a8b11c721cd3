//! The views that are pages of text: waits, masters, one inode, O2CB's stack. The lines are those of the text face, wrapped and tinted.

use super::app::{App, Name, View};
use super::paint;
use super::theme::Theme;
use crate::views::{self, inode, masters, names, o2cb, waits};
use formats::dlm::ResourceName;
use model::Snapshot;
use model::o2cb::page::Tone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use sample::message::Look;

/// Columns that Left and Right scroll a table by.
const STEP: usize = 8;
/// Lines that continue another stand so much further in.
const HANGING: usize = 4;

/// What a page was made for: it is made anew when any of it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    view: View,
    inode: Option<u64>,
    picture: u64,
    detail: bool,
    columns: u16,
    across: usize,
    ended: bool,
    paused: bool,
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct Page {
    made: Option<Made>,
    lines: Vec<Line<'static>>,
    /// The inode that is looked at.
    pub inode: Option<u64>,
    /// Columns of tables scrolled out to the left.
    across: usize,
    /// The picture that was the newest when the nodes were last asked for something else.
    asked_at: Option<u64>,
}

impl Page {
    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Scrolls tables to the right, or to the left.
    pub fn scroll_across(&mut self, right: bool) {
        self.across = if right { (self.across + STEP).min(400) } else { self.across.saturating_sub(STEP) };
    }
}

impl App {
    /// Begins with this view; the nodes have been asked for what it needs.
    pub fn start_at(mut self, view: views::View) -> App {
        self.view = match view {
            views::View::Hot => View::Locks,
            views::View::Waits => View::Waits,
            views::View::Masters => View::Masters,
            views::View::O2cb => View::O2cb,
            views::View::Inode(inode) => {
                self.page.inode = Some(inode);
                View::Inode
            }
        };
        self
    }

    /// What the nodes are to tell for what is on the screen.
    pub(super) fn look(&self) -> Look {
        let view = match (self.view, self.page.inode) {
            (View::Waits, _) => views::View::Waits,
            (View::Masters, _) => views::View::Masters,
            (View::O2cb, _) => views::View::O2cb,
            (View::Inode, Some(inode)) => views::View::Inode(inode),
            _ => views::View::Hot,
        };
        let mut look = view.look();
        if let Some(Name::Glock(name)) = self.open.as_ref().map(|open| open.name) {
            look.resources.push(ResourceName::from(name));
        }
        look
    }

    /// The nodes were asked for something else.
    pub(super) fn asked(&mut self) {
        self.page.asked_at = self.history.newest().map(|newest| newest.number);
        self.page.made = None;
    }

    /// Makes the page's lines, unless they are those of this picture already.
    pub(super) fn tell_page(&mut self) {
        if !self.view.is_page() {
            return;
        }
        let made = Made {
            view: self.view,
            inode: self.page.inode,
            picture: self.shown.as_ref().map_or(0, |shown| shown.number),
            detail: self.settings.detail,
            columns: self.size.width,
            across: self.page.across,
            ended: self.ended,
            paused: self.paused,
        };
        if self.page.made != Some(made) {
            self.page.lines = lines(self);
            self.page.made = Some(made);
        }
    }
}

/// The page.
pub fn draw(app: &App, buffer: &mut Buffer, area: Rect) {
    paint::lines(buffer, area, &app.page.lines, app.cursor().at, app.theme);
}

fn lines(app: &App) -> Vec<Line<'static>> {
    let columns = usize::from(app.size.width);
    let Some(shown) = app.shown.as_deref() else {
        let text = "The first picture comes as soon as every node has given a sample or a reason why not.";
        return said(&[format!("Connecting: {}", app.title.0), text.to_owned()], columns, app.theme);
    };
    if app.view == View::O2cb {
        // Its lines fit already, and name the nodes that are not seen.
        let told = o2cb::lines(shown, columns).into_iter().map(|line| Line::styled(line.text, tinted(line.tone, app.theme)));
        return told.chain(said(&notes(app, shown), columns, app.theme)).collect();
    }
    let not_seen = names::not_seen(shown);
    let not_seen = not_seen.iter().map(|(node, why)| format!("!! {node}: {why}; what it holds and waits for is not seen"));
    let mut told: Vec<String> = not_seen.collect();
    told.extend(match app.view {
        View::Masters => masters::lines(shown),
        View::Inode => match app.page.inode {
            Some(number) => inode::lines(shown, number, &app.settings),
            None => Vec::new(),
        },
        _ => waits::lines(shown, &app.clock),
    });
    let mut lines: Vec<Line<'static>> = told.iter().flat_map(|line| fitted(line, app, columns)).collect();
    lines.extend(said(&notes(app, shown), columns, app.theme));
    lines
}

/// One line of text as lines of the screen. Tables are scrolled, everything else is wrapped.
fn fitted(line: &str, app: &App, columns: usize) -> Vec<Line<'static>> {
    let style = style_of(line, app.theme);
    let indent = line.len() - line.trim_start_matches(' ').len();
    let words = line.get(indent..).unwrap_or_default();
    if app.view == View::Masters && indent == 2 && words.contains("  ") {
        let style = if words.starts_with("NODE ") { app.theme.strong() } else { style };
        // The node's name stays: it is what the rest is about.
        let name = words.find("  ").map_or(0, |end| end + indent);
        let (frozen, rest) = line.split_at_checked(name).unwrap_or((line, ""));
        let rest: String = rest.chars().skip(app.page.across).collect();
        return vec![Line::styled(format!("{frozen}{rest}"), style)];
    }
    let wrapped = paint::wrap(words, columns.saturating_sub(indent + HANGING), app.theme).into_iter().enumerate();
    wrapped
        .map(|(number, text)| {
            let indent = if number == 0 { indent } else { indent + HANGING };
            Line::styled(format!("{}{text}", " ".repeat(indent)), style)
        })
        .collect()
}

/// A line of the text views, by what it says.
fn style_of(line: &str, theme: Theme) -> Style {
    let told = line.trim_start();
    let is_heading = told.len() == line.len() && !told.is_empty();
    let says = |word: &str| is_heading && (line.starts_with(word) || line.contains(&format!(": {word}")));
    match () {
        () if line.starts_with("!!") || told.starts_with("DEADLOCK") || (is_heading && line.contains("  STUCK")) => theme.critical(),
        () if ["STUCK", "WITHDRAWN", "RECOVERING"].into_iter().any(says) => theme.critical(),
        () if told.starts_with("! ") || says("SLOW") || says("FROZEN") => theme.warning(),
        () if says("OK") => theme.good(),
        () if is_heading => theme.strong(),
        () => Style::new(),
    }
}

/// A line of O2CB's stack.
fn tinted(tone: Tone, theme: Theme) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Heading => theme.strong(),
        Tone::Good => theme.good(),
        Tone::Note => theme.dim(),
        Tone::Warning => theme.warning(),
        Tone::Critical => theme.critical(),
    }
}

/// What helps where there is little to see.
fn notes(app: &App, shown: &Snapshot) -> Vec<String> {
    let mut notes = Vec::new();
    let is_read = match app.view {
        View::Waits => true,
        View::O2cb => shown.o2cb.is_some(),
        View::Masters => shown.lockspaces.iter().flat_map(|view| &view.nodes).any(|on_node| on_node.census.is_some()),
        _ => app.page.inode.is_none_or(|inode| is_seen(shown, inode)),
    };
    let is_before = app.page.asked_at.is_some_and(|asked| shown.number <= asked + 1);
    if is_before && !is_read {
        notes.push(match () {
            () if app.ended => {
                "The recording ended before this was asked for. Started with this view (dlmtop masters, dlmtop inode), it is \
                                read from the first picture on."
                    .to_owned()
            }
            () if app.paused => "This picture was taken before the nodes were asked to read this. Space goes on to newer ones.".to_owned(),
            () => "The nodes have just been asked to read this: it comes with one of the next samples.".to_owned(),
        });
    } else if app.view == View::Waits && shown.waits.chains.is_empty() && shown.waits.cycles.is_empty() {
        notes.push(
            "As soon as somebody waits, this tells who waits for whom, who holds what they wait for and since when; and where these \
             processes sleep, where the kernel tells it. 4 tells of stuck waits that are over."
                .to_owned(),
        );
    } else if app.view == View::Inode && app.page.inode.is_none() {
        notes.push("No inode is chosen. i asks for its number; on a lock or glock of the list, i takes that one's inode.".to_owned());
    }
    notes
}

/// Whether a DLM was read for this inode: the file system's own view is told without.
fn is_seen(shown: &Snapshot, inode: u64) -> bool {
    let mut of_inode = shown.lockspaces.iter().flat_map(|view| &view.resources).filter(|resource| resource.name.inode() == Some(inode));
    of_inode.any(|resource| !resource.locks.is_empty() || resource.master.number.is_some() || !resource.inactive_on.is_empty())
}

/// Words to the user, apart from what was read.
fn said(texts: &[String], columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for text in texts {
        lines.push(Line::default());
        let wrapped = paint::wrap(text, columns.saturating_sub(4), theme);
        lines.extend(wrapped.into_iter().map(|text| Line::styled(format!("  {text}"), theme.dim())));
    }
    lines
}
