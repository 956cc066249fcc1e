//! Values for fuzzing: shallow, and most of them fit to be encoded.
