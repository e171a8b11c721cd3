//! Block devices and images, read past the page cache, by a child with a deadline: a device that hangs costs its own answer and not
//! the program.

mod direct;
mod reader;
mod serve;

pub use direct::{Device, Facts};
pub use reader::{ReadProblem, Reader};
pub use serve::serve;
