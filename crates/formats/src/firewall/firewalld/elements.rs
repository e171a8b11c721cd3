//! Elements of XML files.

use super::BadFile;
use roxmltree::{Document, Node};

/// What `read` makes of the root of a file, which must have this name.
pub(super) fn with_root<T>(bytes: &[u8], name: &str, read: impl FnOnce(Node<'_, '_>) -> T) -> Result<T, BadFile> {
    let text = std::str::from_utf8(bytes).map_err(|_| BadFile("it is not UTF-8".to_owned()))?;
    let document = Document::parse(text.trim_start_matches('\u{feff}')).map_err(|error| BadFile(error.to_string()))?;
    let root = document.root_element();
    if root.tag_name().name() == name {
        Ok(read(root))
    } else {
        Err(BadFile(format!("it holds <{}> where <{name}> belongs", root.tag_name().name())))
    }
}

/// The elements directly below one.
pub(super) fn children<'a, 'input>(element: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    element.children().filter(Node::is_element)
}

/// Its first child of this name.
pub(super) fn child<'a, 'input>(element: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    children(element).find(|child| child.tag_name().name() == name)
}

/// An attribute, empty where there is none.
pub(super) fn attribute<'a>(element: Node<'a, '_>, name: &str) -> &'a str {
    element.attribute(name).unwrap_or_default()
}
