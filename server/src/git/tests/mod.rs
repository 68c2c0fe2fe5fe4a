//! The room with a real git program and a real git host, over loopback.
