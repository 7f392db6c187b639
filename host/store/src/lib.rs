//! Opens SQLite: pragmas, migrations, the writer thread with group commit.
