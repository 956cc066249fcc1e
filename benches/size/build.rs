//! Hands the linker the memory map.

fn main() {
    let dir = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo::rustc-link-arg=-T{dir}/memory.ld");
    println!("cargo::rerun-if-changed=memory.ld");
}
