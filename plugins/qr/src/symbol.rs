//! A code, and its picture.

use qrcodegen::{QrCode, QrCodeEcc};
use weir_sdk::http::Failure;

use crate::Refused;
use crate::colour::Colour;
use crate::style::{Correction, Format, Style};

/// A code that was made.
pub(crate) struct Symbol {
    code: QrCode,
    /// Modules a side, without a quiet zone.
    side: u32,
}

impl Symbol {
    /// The smallest code that holds `text` with at least that much correction.
    pub(crate) fn of(text: &str, correction: Correction) -> Result<Self, Refused> {
        if text.is_empty() {
            return Err(Refused::EmptyText);
        }
        let level = match correction {
            Correction::L => QrCodeEcc::Low,
            Correction::M => QrCodeEcc::Medium,
            Correction::Q => QrCodeEcc::Quartile,
            Correction::H => QrCodeEcc::High,
        };
        let code = QrCode::encode_text(text, level);
        let code = code.map_err(|_| Refused::TooLong { correction, bytes: text.len() })?;
        let side = code.size().unsigned_abs();
        Ok(Self { code, side })
    }

    /// 1 to 40.
    pub(crate) fn version(&self) -> u8 {
        self.code.version().value()
    }

    /// How much it corrects: more than was asked for where that takes no more room.
    pub(crate) fn correction(&self) -> &'static str {
        match self.code.error_correction_level() {
            QrCodeEcc::Low => "L",
            QrCodeEcc::Medium => "M",
            QrCodeEcc::Quartile => "Q",
            QrCodeEcc::High => "H",
        }
    }

    /// Whether the module is dark.
    fn is_dark(&self, x: u32, y: u32) -> bool {
        matches!((i32::try_from(x), i32::try_from(y)), (Ok(x), Ok(y)) if self.code.get_module(x, y))
    }

    /// The picture, with its media type.
    pub(crate) fn draw(&self, style: &Style) -> Result<(&'static str, Vec<u8>), Failure> {
        let modules = self.side + 2 * style.quiet;
        if modules > style.size {
            return Err(Refused::TooSmall { modules, size: style.size }.into());
        }
        match style.format {
            Format::Svg => Ok(("image/svg+xml", self.svg(style, modules).into_bytes())),
            Format::Png => {
                let picture = self.png(style, modules);
                let picture = picture.map_err(|error| Failure::permanent("not-drawn", error.to_string()))?;
                Ok(("image/png", picture))
            }
        }
    }

    /// One path: a bar for each run of dark modules.
    fn svg(&self, style: &Style, modules: u32) -> String {
        let (size, quiet) = (style.size, style.quiet);
        let (dark, light) = (style.dark.svg(), style.light.svg());
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\" \
             viewBox=\"0 0 {modules} {modules}\" shape-rendering=\"crispEdges\">\
             <rect width=\"{modules}\" height=\"{modules}\" fill=\"{light}\"/><path fill=\"{dark}\" d=\""
        );
        for y in 0..self.side {
            let mut x = 0;
            while x < self.side {
                let run = u32::try_from((x..self.side).take_while(|x| self.is_dark(*x, y)).count()).unwrap_or(0);
                if run > 0 {
                    svg.push_str(&format!("M{},{}h{run}v1h-{run}z", x + quiet, y + quiet));
                }
                x += run + 1;
            }
        }
        svg.push_str("\"/></svg>\n");
        svg
    }

    /// One bit for each pixel. Modules are whole pixels; what the size has over goes to the quiet zone.
    fn png(&self, style: &Style, modules: u32) -> Result<Vec<u8>, png::EncodingError> {
        let scale = style.size / modules;
        let margin = (style.size - scale * self.side) / 2;
        let module = |pixel: u32| pixel.checked_sub(margin).map(|pixel| pixel / scale).filter(|at| *at < self.side);
        let row_of = |y: Option<u32>| {
            let mut row = vec![0u8; usize::try_from(style.size.div_ceil(8)).unwrap_or_default()];
            for x in 0..style.size {
                let is_dark = matches!((module(x), y), (Some(x), Some(y)) if self.is_dark(x, y));
                if let Some(byte) = row.get_mut(usize::try_from(x / 8).unwrap_or_default()) {
                    *byte |= u8::from(!is_dark) << (7 - x % 8);
                }
            }
            row
        };
        // The rows of one module are alike: each is made once.
        let mut rows = Vec::new();
        let mut last = (None, row_of(None));
        for y in (0..style.size).map(module) {
            if y != last.0 {
                last = (y, row_of(y));
            }
            rows.extend_from_slice(&last.1);
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, style.size, style.size);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_palette([style.dark.rgb(), style.light.rgb()].concat());
        if style.light == Colour::Transparent {
            encoder.set_trns(vec![255, 0]);
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&rows)?;
        writer.finish()?;
        Ok(file)
    }
}
