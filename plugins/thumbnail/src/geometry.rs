//! Which part of an image is taken, and how large it becomes. In whole numbers.

use crate::parameters::{Fit, Parameters};

/// A width and a height, in pixels; neither is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// A part of the input, and the size to which it is brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) part: Size,
    pub(crate) output: Size,
}

/// How an input of `source` is brought to what was asked.
pub(crate) fn plan(source: Size, parameters: &Parameters) -> Plan {
    let whole = |output| Plan { left: 0, top: 0, part: source, output };
    let (width, height) = (parameters.width, parameters.height);
    match (parameters.fit, width, height) {
        (Fit::Fill, Some(width), Some(height)) => whole(Size { width, height }),
        (Fit::Cover, Some(width), Some(height)) => cover(source, Size { width, height }),
        _ => {
            let most = Size { width: width.unwrap_or(u32::MAX), height: height.unwrap_or(u32::MAX) };
            whole(contained(source, most))
        }
    }
}

/// The largest size of the same shape within `most`; never larger than `source`.
fn contained(source: Size, most: Size) -> Size {
    let width = most.width.min(source.width);
    let height = most.height.min(source.height);
    // Which of the two sides is the tighter one: width / source.width < height / source.height.
    if product(width, source.height) < product(height, source.width) {
        Size { width, height: scaled(source.height, width, source.width) }
    } else {
        Size { width: scaled(source.width, height, source.height), height }
    }
}

/// The largest part of `source` with the shape of `output`, from its middle.
fn cover(source: Size, output: Size) -> Plan {
    let part = if product(source.width, output.height) > product(source.height, output.width) {
        Size { width: scaled(source.height, output.width, output.height).min(source.width), height: source.height }
    } else {
        Size { width: source.width, height: scaled(source.width, output.height, output.width).min(source.height) }
    };
    Plan { left: (source.width - part.width) / 2, top: (source.height - part.height) / 2, part, output }
}

fn product(a: u32, b: u32) -> u64 {
    u64::from(a) * u64::from(b)
}

/// `length * numerator / denominator`, to the nearest, at least one pixel.
fn scaled(length: u32, numerator: u32, denominator: u32) -> u32 {
    let scaled = (product(length, numerator) + u64::from(denominator) / 2) / u64::from(denominator);
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(source: (u32, u32), wanted: (u32, u32), fit: Fit) -> Plan {
        let (width, height) = (Some(wanted.0).filter(|side| *side > 0), Some(wanted.1).filter(|side| *side > 0));
        let parameters = Parameters { width, height, fit, output: None, quality: 80 };
        plan(Size { width: source.0, height: source.1 }, &parameters)
    }

    #[test]
    fn contained_keeps_the_shape_and_never_enlarges() {
        for (source, wanted, expected) in [
            ((4000, 3000), (400, 400), (400, 300)),
            ((3000, 4000), (400, 400), (300, 400)),
            ((4000, 3000), (0, 300), (400, 300)),
            ((100, 50), (400, 400), (100, 50)),
            ((10_000, 1), (100, 100), (100, 1)),
            ((1, 10_000), (100, 0), (1, 10_000)),
        ] {
            let Size { width, height } = output(source, wanted, Fit::Contain).output;
            assert_eq!((width, height), expected, "{source:?} in {wanted:?}");
        }
    }

    #[test]
    fn cover_takes_the_middle() {
        let plan = output((4000, 3000), (200, 200), Fit::Cover);
        assert_eq!((plan.left, plan.top, plan.part), (500, 0, Size { width: 3000, height: 3000 }));
        let plan = output((100, 1000), (300, 100), Fit::Cover);
        assert_eq!((plan.left, plan.top, plan.part), (0, 483, Size { width: 100, height: 33 }));
    }

    #[test]
    fn a_part_is_never_outside_of_its_image() {
        for width in [1, 2, 3, 7, 640, 16_000] {
            for height in [1, 2, 5, 480, 16_000] {
                for wanted in [(1, 1), (1024, 1), (1, 1024), (33, 77)] {
                    let plan = output((width, height), wanted, Fit::Cover);
                    assert!(plan.left + plan.part.width <= width && plan.top + plan.part.height <= height);
                    assert!(plan.part.width > 0 && plan.part.height > 0);
                }
            }
        }
    }
}
