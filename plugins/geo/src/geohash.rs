//! Geohashes: base 32 of the bits of longitude and latitude, taken in turn.

use serde::Serialize;

use crate::point::Point;

const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// A cell: its name, its middle, its edges, and the names of those around it.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) hash: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) south: f64,
    pub(crate) west: f64,
    pub(crate) north: f64,
    pub(crate) east: f64,
    pub(crate) neighbours: Neighbours,
}

/// Around the world in longitude; beyond a pole there is no cell.
#[derive(Debug, Serialize)]
pub(crate) struct Neighbours {
    pub(crate) north: Option<String>,
    pub(crate) north_east: Option<String>,
    pub(crate) east: Option<String>,
    pub(crate) south_east: Option<String>,
    pub(crate) south: Option<String>,
    pub(crate) south_west: Option<String>,
    pub(crate) west: Option<String>,
    pub(crate) north_west: Option<String>,
}

/// Which cell of so many letters: its row from the south, its column from the west.
#[derive(Clone, Copy)]
struct Grid {
    letters: u8,
    row: u64,
    column: u64,
}

impl Grid {
    /// Bits of the row; the column has as many, or one more.
    const fn row_bits(self) -> u32 {
        self.letters as u32 * 5 / 2
    }

    const fn column_bits(self) -> u32 {
        self.letters as u32 * 5 - self.row_bits()
    }

    fn name(self) -> String {
        let bits = self.row_bits() + self.column_bits();
        let (mut row_left, mut column_left) = (self.row_bits(), self.column_bits());
        let mut number = 0u64;
        for turn in 0..bits {
            let bit = if turn % 2 == 0 {
                column_left -= 1;
                self.column >> column_left & 1
            } else {
                row_left -= 1;
                self.row >> row_left & 1
            };
            number = number << 1 | bit;
        }
        let letter = |at: u8| {
            let index = number >> (u32::from(self.letters - 1 - at) * 5) & 31;
            char::from(LETTERS[usize::try_from(index).unwrap_or_default()])
        };
        (0..self.letters).map(letter).collect()
    }

    /// The one so many rows and columns away.
    fn at(self, rows: i64, columns: i64) -> Option<String> {
        let row = self.row.checked_add_signed(rows).filter(|row| row >> self.row_bits() == 0)?;
        let column = self.column.wrapping_add_signed(columns) & ((1 << self.column_bits()) - 1);
        Some(Self { row, column, ..self }.name())
    }

    fn cell(self) -> Cell {
        // At most 30 bits: exact as floats.
        let edge = |index: u64, bits: u32, whole: f64| whole * (index as f64 / (1u64 << bits) as f64) - whole / 2.0;
        let (south, north) = (edge(self.row, self.row_bits(), 180.0), edge(self.row + 1, self.row_bits(), 180.0));
        let (west, east) =
            (edge(self.column, self.column_bits(), 360.0), edge(self.column + 1, self.column_bits(), 360.0));
        Cell {
            hash: self.name(),
            latitude: f64::midpoint(south, north),
            longitude: f64::midpoint(west, east),
            south,
            west,
            north,
            east,
            neighbours: Neighbours {
                north: self.at(1, 0),
                north_east: self.at(1, 1),
                east: self.at(0, 1),
                south_east: self.at(-1, 1),
                south: self.at(-1, 0),
                south_west: self.at(-1, -1),
                west: self.at(0, -1),
                north_west: self.at(1, -1),
            },
        }
    }
}

/// The cell of `letters` letters in which a point lies.
pub(crate) fn cell_of(point: Point, letters: u8) -> Cell {
    let mut grid = Grid { letters, row: 0, column: 0 };
    grid.row = index(point.latitude, 180.0, grid.row_bits());
    grid.column = index(point.longitude, 360.0, grid.column_bits());
    grid.cell()
}

/// Which of `2^bits` equal parts of `whole`, whose middle is 0, holds `degrees`. The upper edge belongs to the last part.
fn index(degrees: f64, whole: f64, bits: u32) -> u64 {
    let (mut low, mut high, mut index) = (-whole / 2.0, whole / 2.0, 0);
    for _ in 0..bits {
        let middle = f64::midpoint(low, high);
        let is_above = degrees >= middle;
        index = index << 1 | u64::from(is_above);
        if is_above { low = middle } else { high = middle }
    }
    index
}

/// The cell called `hash`, in capitals or not.
pub(crate) fn read(hash: &str, letters_max: u8) -> Result<Cell, String> {
    let letters = u8::try_from(hash.len()).ok().filter(|letters| (1..=letters_max).contains(letters));
    let letters = letters.ok_or_else(|| format!("a geohash has 1 to {letters_max} letters"))?;
    let (mut row, mut column) = (0, 0);
    let mut is_column = true;
    for letter in hash.bytes() {
        let place = LETTERS.iter().position(|known| *known == letter.to_ascii_lowercase());
        let place = place.ok_or_else(|| format!("a geohash has digits and letters but a, i, l and o; not {hash:?}"))?;
        for bit in (0..5).rev().map(|shift| u64::from(place >> shift & 1 == 1)) {
            let half = if is_column { &mut column } else { &mut row };
            *half = *half << 1 | bit;
            is_column = !is_column;
        }
    }
    Ok(Grid { letters, row, column }.cell())
}
