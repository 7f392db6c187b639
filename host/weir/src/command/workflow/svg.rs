//! A definition as a picture: a box for each state, an arrow for each way out of it.

use std::collections::HashMap;

use asl::{StateKind, StateMachine, StateView};
use layout::adt::dag::NodeHandle;
use layout::backends::svg::SVGWriter;
use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::geometry::Point;
use layout::core::style::{LineStyleKind, StyleAttr};
use layout::std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind};
use layout::topo::layout::VisualGraph;

/// In pixels.
const FONT_SIZE: usize = 15;
const HEIGHT: f64 = 44.0;
const CHARACTER_WIDTH: f64 = 9.0;
const PADDING: f64 = 30.0;
/// Characters of a name that are shown.
const NAME_MAX: usize = 40;

/// Draws `machine` from its start downwards. Branches hang at their state by dotted lines, what is caught by dashed ones.
pub(super) fn draw(machine: &StateMachine) -> String {
    let mut graph = VisualGraph::new(Orientation::TopToBottom);
    let mut nodes: HashMap<&str, NodeHandle> = HashMap::new();
    for state in machine.states() {
        nodes.insert(state.name().as_str(), graph.add_node(element(state)));
    }
    let node = |state: StateView<'_>| nodes.get(state.name().as_str()).copied();
    for state in machine.states() {
        let Some(from) = node(state) else { continue };
        let mut lead = |to: Option<NodeHandle>, line, text: &str| {
            if let Some(to) = to {
                graph.add_edge(arrow(line, text), from, to);
            }
        };
        state.branches().for_each(|start| lead(node(start), LineStyleKind::Dotted, ""));
        state.then().for_each(|next| lead(node(next), LineStyleKind::Normal, ""));
        state.caught().for_each(|next| lead(node(next), LineStyleKind::Dashed, "caught"));
    }
    let mut picture = SVGWriter::new();
    graph.do_it(false, false, false, &mut picture);
    picture.finalize()
}

fn element(state: StateView<'_>) -> Element {
    let name = state.name().as_str();
    let shown: String = name.chars().take(NAME_MAX).collect();
    let label = format!("{shown}\n{}", state.kind().as_str());
    let width = label.lines().map(str::len).max().unwrap_or_default();
    let shape = match state.kind() {
        StateKind::Succeed | StateKind::Fail => ShapeKind::new_circle(&label),
        _ => ShapeKind::new_box(&label),
    };
    // A name has at most 80 characters.
    let width = f64::from(u32::try_from(width).unwrap_or(u32::MAX)) * CHARACTER_WIDTH + PADDING;
    let look = StyleAttr::new(Color::fast("black"), 1, Some(Color::fast(fill(state.kind()))), 8, FONT_SIZE);
    Element::create(shape, look, Orientation::TopToBottom, Point::new(width, HEIGHT))
}

fn fill(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Task => "lightblue",
        StateKind::Choice => "lightyellow",
        StateKind::Wait => "lavender",
        StateKind::Parallel | StateKind::Map => "honeydew",
        StateKind::Succeed => "palegreen",
        StateKind::Fail => "lightpink",
        StateKind::Pass => "white",
    }
}

fn arrow(line: LineStyleKind, text: &str) -> Arrow {
    let look = StyleAttr::new(Color::fast("black"), 1, None, 0, FONT_SIZE);
    Arrow::new(LineEndKind::None, LineEndKind::Arrow, line, text, &look, &None, &None)
}
