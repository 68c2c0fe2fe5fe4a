//! How the installed program is linked; a build that is not static is left as it is.
//!
//! `aitk guard` runs a tenth of this program's code before every tool call of an agent:
//!
//! - Laid side by side, it is read in a few page faults and not in dozens.
//! - A program at a fixed address has no addresses to correct at each start. To correct them took a fifth of
//!   the guard's whole time. Stack, heap and maps stay at random places; `aitk-server`, which listens,
//!   stays at a random place as a whole.

use std::env;
use std::path::Path;

/// The order of the functions, as `tests/fast_lane.sh --layout` writes it.
const LAYOUT: &str = "guard.ld";

fn main() {
    println!("cargo::rerun-if-changed={LAYOUT}");
    let has =
        |name: &str, value: &str| env::var(name).is_ok_and(|list| list.split(',').any(|item| item == value));
    let is_installed = has("CARGO_CFG_TARGET_FEATURE", "crt-static")
        && has("CARGO_CFG_TARGET_OS", "linux")
        && has("CARGO_CFG_TARGET_ENV", "gnu")
        && has("CARGO_CFG_TARGET_ARCH", "x86_64");
    if is_installed && let Ok(folder) = env::var("CARGO_MANIFEST_DIR") {
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", Path::new(&folder).join(LAYOUT).display());
        // In the place of rustc's `-static-pie`.
        println!("cargo::rustc-link-arg-bins=-no-pie");
        println!("cargo::rustc-link-arg-bins=-static");
    }
}
