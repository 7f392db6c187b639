//! Image thumbnails.
