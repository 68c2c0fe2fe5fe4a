//! What is kept only for a while: a room's events and the history of docs, each within bounds of its
//! own. They lose their oldest parts in small steps, between other changes, and never get a hole.

pub mod events;
pub mod history;

pub use events::EventBounds;
pub use history::HistoryBounds;
