//! What Zellij starts; everything else is in the library.

fn main() {
    #[cfg(target_family = "wasm")]
    zellij_carrel::zellij::start();
}
