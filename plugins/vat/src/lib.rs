//! VAT numbers and rates.
