//! Carrel gives every Claude Code pane in Zellij a desk of its own.
//!
//! The panel, and which file draws what:
//!
//! ```text
//!   Carrel · 3 desks · 1 waiting · 2 problems                  title                   view/bar.rs
//!
//!     #   state         directory      session   health         age  head                ┐
//!   › #3  ▲ permission  /code/billing  c0ffee03  √ isolated      1m  one row for each    ├ view/rows.rs
//!   │ #4  ○ idle        /code/zellij   c0ffee04  ! leaking       4d  desk, and for each  │
//!   │ #9  ● working     /code/shed     c0ffee09  ! unisolated        Claude outside      │
//!   │ #1  ● working     /code/carrel   c0ffee01  √ isolated     now                      ┘
//!   └ cursor                                                         which rows           view/desks.rs
//!
//!   #3  desk 550e87 · config_dir                               the selected desk      ┐
//!   waits    permission prompt                                                        │
//!   health   isolated: proved by Claude's own report or …                             ├ view/detail.rs
//!   ! there is no claude on the PATH of the Zellij server …    a problem of no desk   │
//!   desk 550eac is closed, its conversation is being kept…     a desk that leaves     ┘
//!
//!   cwd `/code/gone` is not a directory; name an existing …    message                 view/desks.rs
//!   n new · r resume · Enter focus · x close · q hide          keys, or a question     view/keys.rs
//! ```
//!
//! With one row there are only the counts (`view/bar.rs`). While there can be no desks (no permission yet or none at all, a
//! broken configuration, getting ready, or failed at it) `view/notices.rs` draws the whole panel, and while a conversation is
//! looked for `view/picker.rs` does. Long texts are broken
//! into lines by `view/paragraphs.rs`, with the widths of `view/width.rs`; `view/screen.rs` sees to it that nothing is wider
//! or longer than the pane.
//!
//! The words: a *pane* is Zellij's, a *desk* is all that belongs to one isolated pane, the *shared dir* is the user's normal
//! Claude state, a *seed* is what a new desk gets of it. To *keep* is to bring a desk's conversations to the shared dir, to
//! *clean* is to keep, then to delete. The *launcher* is the pane's command, the *actor* the one instance of the plugin that
//! acts on what all of them hear.
//!
//! To be read in this order: [`manager`] decides, [`view`] draws, `zellij` carries facts in and orders out, [`host`] acts on
//! the machine. ARCHITECTURE.md has the whole picture.

pub mod host;
pub mod manager;
pub mod view;
#[cfg(target_family = "wasm")]
pub mod zellij;

// Of `zellij` the one file that is nothing but text and bytes, so that it is tested where tests run.
#[cfg(test)]
#[path = "zellij/repeated.rs"]
mod repeated;
