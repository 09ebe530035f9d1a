//! `Small`: a payload of up to four words, inside of what carries it. Code that the compiler does not check
//! is in this file, in `lock.rs`, `prefetch.rs` and `published.rs` only; it keeps to itself what that code relies on.
//!
//! What it buys: a callback compares the type of the event with that of its parameters and reads the value, instead of
//! asking a `dyn Any` behind a `dyn Payload`. The figures, and those of the safe version, are in ARCHITECTURE.md.
#![allow(
    unsafe_code,
    reason = "type erasure without an allocation; what it relies on is the invariant of `Small`"
)]

use core::any::{Any, TypeId};
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::{self, MaybeUninit};
use core::time::Duration;
use core::{fmt, ptr};

use super::payload::Payload;
use crate::coerce::{Integer, is};

/// Four words, aligned like the widest usual types also where a word is half of them. A cell, since the value may be one
/// that changes behind a shared reference.
#[repr(C, align(8))]
struct Space(UnsafeCell<[MaybeUninit<usize>; 4]>);

impl Space {
    fn new() -> Self {
        Self(UnsafeCell::new([MaybeUninit::uninit(); 4]))
    }

    /// The begin.
    #[inline]
    fn get<T>(&self) -> *mut T {
        self.0.get().cast()
    }
}

/// A value with its type erased.
///
/// Invariant: `space` begins with an initialized `T`, and `ops` are those of `T`, for one and the same `T: Payload`,
/// which is `Send + Sync + 'static`. Only `new` and `empty` set the fields, only `drop` ends the value.
pub struct Small {
    ops: &'static Ops,
    space: Space,
}

/// What is known of a type that is no longer known.
struct Ops {
    /// Says which type. Not the id itself: that is no constant for the compiler yet, and this needs no call. In code
    /// that was compiled apart it has several addresses, but one address is one piece of code, which says one thing.
    type_id: fn() -> TypeId,
    view: fn(&Space) -> *mut dyn Payload,
    needs_drop: bool,
    is_plain: fn() -> bool,
}

/// Not inlined, so that a crate has it once for each type.
#[inline(never)]
fn id_of<T: Any>() -> TypeId {
    TypeId::of::<T>()
}

/// Whether it says that the type is `T`.
#[inline(never)]
fn says<T: Any>(type_id: fn() -> TypeId) -> bool {
    type_id() == TypeId::of::<T>()
}

/// Whether the bytes of a `T` may be there several times, each as good as the other: nothing is dropped, nothing changes
/// behind a shared reference, and nobody has it alone. Types that are known, for the compiler does not say which are
/// `Copy`.
#[inline]
pub(super) fn is_plain<T: Any>() -> bool {
    Integer::is_one::<T>()
        || is::<T, f64>()
        || is::<T, f32>()
        || is::<T, bool>()
        || is::<T, char>()
        || is::<T, &'static str>()
        || is::<T, Duration>()
}

struct Erased<T>(PhantomData<T>);

impl<T: Payload + Any> Erased<T> {
    const OPS: &'static Ops = &Ops {
        type_id: id_of::<T>,
        view: |space| space.get::<T>(),
        needs_drop: mem::needs_drop::<T>(),
        is_plain: T::is_plain,
    };
}

// SAFETY: the value is a `Payload`, which is `Sync`. That it is `Send` too makes the rest of the fields speak the truth.
unsafe impl Sync for Small {}

impl Small {
    /// No arguments: a value that takes no space.
    pub(super) fn empty() -> Self {
        Self {
            ops: Erased::<()>::OPS,
            space: Space::new(),
        }
    }

    /// Whether a `T` is small enough, and aligned like the widest usual types at most.
    pub(super) const fn fits<T>() -> bool {
        size_of::<T>() <= size_of::<Space>() && align_of::<T>() <= align_of::<Space>()
    }

    /// Puts the value into a box if it fits, else it is given back.
    #[inline]
    pub(super) fn new<T: Payload + Any>(value: T) -> Result<Self, T> {
        if !Self::fits::<T>() {
            return Err(value);
        }
        let small = Self {
            ops: Erased::<T>::OPS,
            space: Space::new(),
        };
        // SAFETY: the space is large enough for a `T` and aligned for it: it fits.
        unsafe { small.space.get::<T>().write(value) };
        Ok(small)
    }

    /// The value, if the addresses say that it is a `T`. Mostly they do.
    #[inline]
    pub(crate) fn get_plain<T: Any>(&self) -> Option<&T> {
        let plain = ptr::fn_addr_eq(self.ops.type_id, id_of::<T> as fn() -> TypeId);
        // SAFETY: it is a `T`.
        plain.then(|| unsafe { self.get_unchecked() })
    }

    /// The value, if it is a `T`.
    #[inline]
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        self.get_plain().or_else(|| {
            // SAFETY: it is a `T`.
            says::<T>(self.ops.type_id).then(|| unsafe { self.get_unchecked() })
        })
    }

    /// # Safety
    ///
    /// The value is a `T`.
    #[inline]
    unsafe fn get_unchecked<T>(&self) -> &T {
        // SAFETY: by the invariant the space begins with the value, which lives as long as `self` is borrowed.
        unsafe { &*self.space.get::<T>() }
    }

    #[inline]
    pub(super) fn needs_drop(&self) -> bool {
        self.ops.needs_drop
    }

    /// Whether [`copy`](Self::copy) makes one.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        (self.ops.is_plain)()
    }

    /// The same value once more, if it is plain.
    #[inline]
    pub(super) fn copy(&self) -> Option<Self> {
        self.is_plain().then(|| Self {
            ops: self.ops,
            // SAFETY: nobody writes a plain value once it is in its space, and its bytes are the same value elsewhere.
            space: Space(UnsafeCell::new(unsafe { *self.space.0.get() })),
        })
    }

    #[inline]
    pub(crate) fn payload(&self) -> &dyn Payload {
        // SAFETY: by the invariant the view is that of the value in the space, which lives as long as `self` is
        // borrowed.
        unsafe { &*(self.ops.view)(&self.space) }
    }
}

impl fmt::Debug for Small {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::debug(self.payload(), f.debug_tuple("Small"))
    }
}

impl Drop for Small {
    #[inline]
    fn drop(&mut self) {
        if self.needs_drop() {
            let value = (self.ops.view)(&self.space);
            // SAFETY: by the invariant it is the value in the space. It is dropped once: here.
            unsafe { ptr::drop_in_place(value) };
        }
    }
}

// On every processor: a timestamp in an event does not need the heap.
const _: () = assert!(Small::fits::<(u64, u64)>() && Small::fits::<(f64,)>());

#[cfg(test)]
mod tests {
    use super::*;

    /// As it is when the event comes from code that was compiled apart: the same type, said by a function elsewhere.
    #[test]
    fn a_type_is_known_by_what_its_function_says() {
        #[inline(never)]
        fn elsewhere() -> TypeId {
            TypeId::of::<(u32,)>()
        }
        const OPS: &Ops = &Ops {
            type_id: elsewhere,
            ..*Erased::<(u32,)>::OPS
        };
        let mut small = Small::new((7u32,)).unwrap();
        small.ops = OPS;
        assert_eq!(small.get::<(u32,)>(), Some(&(7,)));
        assert_eq!(small.get::<(i32,)>(), None);
    }
}
