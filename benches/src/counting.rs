//! What is allocated.
//!
//! ```
//! use benches::counting::{Counting, allocations};
//!
//! #[global_allocator]
//! static ALLOCATOR: Counting = Counting;
//!
//! assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7_u64)))), (1, 8));
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The system's allocator, and counts while it is told to: for a binary to make it its own.
#[derive(Debug)]
pub struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static HELD_BLOCKS: AtomicI64 = AtomicI64::new(0);
static HELD_BYTES: AtomicI64 = AtomicI64::new(0);

/// Allocations that it makes, and their bytes. Growing one counts as one, with the bytes it grows by.
pub fn allocations(run: impl FnOnce()) -> (u64, u64) {
    let before = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
    counted(run);
    (ALLOCATIONS.load(Relaxed) - before.0, BYTES.load(Relaxed) - before.1)
}

/// Bytes and blocks that are held after it has run and were not before.
pub fn held(run: impl FnOnce()) -> (i64, i64) {
    let before = (HELD_BYTES.load(Relaxed), HELD_BLOCKS.load(Relaxed));
    counted(run);
    (HELD_BYTES.load(Relaxed) - before.0, HELD_BLOCKS.load(Relaxed) - before.1)
}

fn counted(run: impl FnOnce()) {
    COUNTS.store(true, Relaxed);
    run();
    COUNTS.store(false, Relaxed);
}

/// One allocation more, or one that grows or shrinks, or is given back.
fn count(allocations: u64, blocks: i64, before: usize, after: usize) {
    if COUNTS.load(Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Relaxed);
        BYTES.fetch_add(after.saturating_sub(before) as u64, Relaxed);
        HELD_BLOCKS.fetch_add(blocks, Relaxed);
        HELD_BYTES.fetch_add(after as i64 - before as i64, Relaxed);
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without; every call is handed to the system's as it is")]
// SAFETY: each method hands its arguments to the system's allocator unchanged, and its contract is that one's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, 1, 0, layout.size());
        // SAFETY: the caller's promises are the ones asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -1, layout.size(), 0);
        // SAFETY: the caller's promises are the ones asked for.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, 1, 0, layout.size());
        // SAFETY: the caller's promises are the ones asked for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, 0, layout.size(), size);
        // SAFETY: the caller's promises are the ones asked for.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
