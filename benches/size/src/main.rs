//! Decodes one message from a place the compiler knows nothing of and tells how many commands it has: the least that
//! keeps the decoder alive. The two builds are those with feature `xml` and with feature `wbxml`.
#![no_std]
#![no_main]

#[cfg(not(any(feature = "xml", feature = "wbxml")))]
extern crate alloc;
#[cfg(not(any(feature = "xml", feature = "wbxml")))]
use alloc::vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, UnsafeCell};
use core::hint::black_box;
use core::panic::PanicInfo;

/// What the hardware looks at first: the stack and where to begin.
#[used]
#[unsafe(link_section = ".vectors")]
static VECTORS: [unsafe extern "C" fn() -> !; 2] = [reset, reset];

/// Where a message came in: in a real program a driver's.
#[unsafe(link_section = ".uninit")]
static INPUT: [u8; 4096] = [0; 4096];

/// # Safety
/// Called by the hardware, once.
#[unsafe(no_mangle)]
unsafe extern "C" fn reset() -> ! {
    // Nobody is to guess what is in it, or that nobody asks for the result.
    black_box(decode(black_box(&INPUT)));
    loop {}
}

#[inline(never)]
#[cfg(any(feature = "xml", feature = "wbxml"))]
fn decode(input: &[u8]) -> usize {
    use dm_syncml::{Limits, Message, Strictness};

    #[cfg(feature = "xml")]
    let parsed = Message::parse_xml(input, Strictness::Lenient, &Limits::tiny());
    #[cfg(not(feature = "xml"))]
    let parsed = Message::parse_wbxml(input, Strictness::Lenient, &Limits::tiny());
    match parsed {
        Ok(parsed) => parsed.value.walk().map(|command| command.items().len()).sum(),
        Err(error) => error.offset(),
    }
}

/// The same program without a codec: what a program costs anyway.
#[inline(never)]
#[cfg(not(any(feature = "xml", feature = "wbxml")))]
fn decode(input: &[u8]) -> usize {
    black_box(vec![input.len()]).iter().sum()
}

/// Gives out a block of memory front to back and takes nothing back.
struct Bump {
    next: Cell<usize>,
    heap: UnsafeCell<[u8; 32 << 10]>,
}

// SAFETY: one core, no interrupts.
unsafe impl Sync for Bump {}

#[global_allocator]
#[unsafe(link_section = ".uninit")]
static HEAP: Bump = Bump { next: Cell::new(0), heap: UnsafeCell::new([0; 32 << 10]) };

// SAFETY: blocks never overlap and lie within the heap.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.heap.get().cast::<u8>();
        let start = (base as usize).wrapping_add(self.next.get()).next_multiple_of(layout.align());
        let offset = start.wrapping_sub(base as usize);
        match offset.checked_add(layout.size()) {
            Some(end) if end <= 32 << 10 => {
                self.next.set(end);
                base.wrapping_add(offset)
            }
            _ => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
