//! How data travels: inside the message or shared, and dropped once.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use core::time::Duration;

use super::*;

fn is_inline(data: &Data) -> bool {
    matches!(data, Data::Inline(_))
}

#[test]
fn a_message_stays_small() {
    assert!(
        size_of::<Data>() <= size_of::<core::any::TypeId>() + 5 * size_of::<usize>(),
        "{}",
        size_of::<Data>()
    );
    assert_eq!(size_of::<EvtData>(), 2 * size_of::<usize>());
}

#[test]
fn four_words_travel_inside_and_five_do_not() {
    assert!(is_inline(&().into_data(false)));
    assert!(is_inline(&(1, 2_u8).into_data(false)));
    assert!(is_inline(&([0_usize; 4],).into_data(false)));
    assert!(is_inline(&(String::new(), 1_usize).into_data(false)));
    assert!(([0_usize; 5],).into_data(false).is_shared());
    assert!((String::new(), String::new()).into_data(false).is_shared());
    #[repr(align(64))]
    struct Aligned;
    assert!((Aligned,).into_data(false).is_shared());
}

#[test]
fn shared_on_request_and_when_it_is_already() {
    assert!(().into_data(true).is_shared());
    assert!((1,).into_data(true).is_shared());
    assert!(args![1].into_data(false).is_shared());
    let data = EvtData::new((1,));
    assert!((&data).into_data(false).is_shared());
    assert!(data.into_data(false).is_shared());
}

/// What says that it does not allocate is built under locks.
#[test]
fn what_allocates_says_so() {
    fn says<D: IntoEvtData>(_: &D) -> bool {
        D::ALLOCATES
    }
    fn tuple(data: impl IntoEvtData) -> bool {
        let says = says(&data);
        assert_eq!(says, data.into_data(false).is_shared());
        says
    }
    assert!(!tuple(()) && !tuple((1_u8, "x")) && !tuple(([0_usize; 4],)));
    assert!(tuple(([0_usize; 5],)) && tuple((1, 2_u64, String::new(), String::new())));
    assert!(says(&args![1]));
    let data = EvtData::new((1,));
    assert!(!says(&&data) && !says(&data));
}

/// Whether one more who gets it gets a copy. What is said of it before, and of its type, is the same.
fn copies<D: IntoEvtData>(data: D) -> bool {
    let data = data.into_data(false);
    let another = data.another();
    assert_eq!(data.is_for_many(true), another.is_some());
    assert_eq!(data.is_for_many(false), data.is_shared());
    let copied = another.is_some_and(|another| is_inline(&another));
    assert_eq!(copied, D::is_plain() && is_inline(&data));
    copied
}

#[test]
fn only_plain_values_are_copied_for_many() {
    assert!(copies(()));
    assert!(copies((1_u8, -1_i16, 1_u32, -1_i64, 1_usize)));
    assert!(copies((1_i8, 1_u16, 1_i32, 1_u64, 1_isize)));
    assert!(copies((1.5_f64, 2.5_f32, true, 'x')));
    assert!(copies(("literal", Duration::from_secs(1))));
    // Too large, or aligned too much.
    assert!(!copies((1_u64, 2_u64, 3_u64, 4_u64, 5_u64)) && !copies((1_u128,)));
    // Not a copy of it, but the one value: it changes, is had alone, or is dropped.
    assert!(!copies((AtomicUsize::new(1),)));
    let alone: &'static mut [i32] = &mut [];
    assert!(!copies((alone,)));
    assert!(!copies((1_u8, String::from("x"))));
    // What is not known.
    assert!(!copies((Some(1_u8),)));
    assert!(!<Args as Payload>::is_plain());
    // Built already.
    assert!(!copies(EvtData::new((1,))) && !copies(args![1]));

    let data = (7_usize, "seven", usize::MAX).into_data(false);
    let another = data.another().unwrap();
    drop(data);
    assert_eq!(
        another.exact::<(usize, &str, usize)>(),
        Some(&(7, "seven", usize::MAX))
    );
    let kept = another.into_shared();
    assert_eq!(kept.args(), Ok((7_u8, String::from("seven"), usize::MAX)));
}

/// What is kept of several copies would be as many allocations, so the driver asks.
#[test]
fn data_knows_whether_it_was_kept() {
    let mut data = (1,).into_data(false);
    assert!(!data.was_kept());
    drop(data.share());
    assert!(data.was_kept());
    assert!(!(1,).into_data(true).was_kept());
}

#[test]
fn arguments_come_in_the_order_in_which_they_are_written() {
    let data = EvtData::new(args![1, 2, 3, 4, 5, 6, 7, 8, 9; ten = 10]);
    assert_eq!(data.args(), Ok((1, 2, 3, 4, 5, 6, 7, 8, 9)));
    assert_eq!(data.kwarg("ten"), Ok(10));
}

#[test]
fn sharing_moves_once_and_keeps_the_address_after() {
    let mut data = (String::from("x"),).into_data(false);
    assert!(is_inline(&data));
    let first = data.share();
    assert!(data.is_shared());
    let second = EvtData::new(data.share());
    let address = |data: &EvtData| core::ptr::from_ref(data.arg_ref::<String>(0).unwrap());
    assert_eq!(address(&first), address(&second));
    assert_eq!(first.arg::<String>(0).unwrap(), "x");
    // The tuple is still seen through the box that it travelled in.
    assert_eq!(first.args::<(String,)>().unwrap().0, "x");
    assert_eq!((first.len(), first.keywords().len()), (1, 0));
}

/// Counts drops.
struct Counted<'a, const WORDS: usize>(&'a AtomicUsize, [usize; WORDS]);

impl<const WORDS: usize> Drop for Counted<'_, WORDS> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn dropped_once<const WORDS: usize>(drops: &'static AtomicUsize) {
    let count = || drops.swap(0, Relaxed);
    let new = || (Counted(drops, [0; WORDS]),);

    drop(new().into_data(false));
    assert_eq!(count(), 1);
    drop(new().into_data(true));
    assert_eq!(count(), 1);

    let mut data = new().into_data(false);
    let kept = data.share();
    let again = kept.clone();
    drop((data, kept));
    assert_eq!(count(), 0);
    drop(again);
    assert_eq!(count(), 1);

    drop(EvtData::new(args![new(); k = new()]));
    assert_eq!(count(), 2);
}

#[test]
fn every_payload_is_dropped_exactly_once() {
    static SMALL: AtomicUsize = AtomicUsize::new(0);
    static LARGE: AtomicUsize = AtomicUsize::new(0);
    dropped_once::<1>(&SMALL);
    dropped_once::<9>(&LARGE);
}

#[test]
fn references_are_exact() {
    let data = EvtData::new((1, vec![1]));
    assert_eq!(data.arg_ref::<i32>(0), Ok(&1));
    assert_eq!(
        data.arg_ref::<i64>(0),
        Err(ArgError::WrongType {
            argument: Argument::at(0),
            expected: "i64",
            found: "i32"
        })
    );
    assert_eq!(
        data.arg_ref::<i64>(2),
        Err(ArgError::Missing {
            argument: Argument::at(2),
            expected: "i64",
            given: 2
        })
    );
}

#[test]
fn keywords_are_found_by_name() {
    let data = EvtData::new(args![1, 2,; k = 3, r#type = "x", twice = 1, twice = 2,]);
    assert_eq!(data.len(), 2);
    assert_eq!(
        data.keywords().collect::<vec::Vec<_>>(),
        ["k", "type", "twice", "twice"]
    );
    assert_eq!(data.kwarg::<u64>("k"), Ok(3));
    assert_eq!(data.kwarg::<String>("type").as_deref(), Ok("x"));
    assert_eq!(data.kwarg_ref::<i32>("k"), Ok(&3));
    let twice = || ArgError::GivenTwice {
        argument: Argument::named("twice"),
    };
    assert_eq!(data.kwarg::<i32>("twice"), Err(twice()));
    assert_eq!(data.kwarg_ref::<i32>("twice"), Err(twice()));
    assert_eq!(
        data.kwarg::<i32>("K"),
        Err(ArgError::Missing {
            argument: Argument::named("K"),
            expected: "i32",
            given: 2
        })
    );
    assert!(matches!(
        data.kwarg::<bool>("k"),
        Err(ArgError::WrongType { .. })
    ));
    assert!(EvtData::new(args![; k = 1]).is_empty());
}

#[test]
fn more_arguments_than_a_tuple_has() {
    let data = EvtData::new((0..100).fold(Args::new(), Args::with));
    assert_eq!((data.len(), data.arg::<u8>(99)), (100, Ok(99)));
}

#[test]
fn debug_shows_types() {
    let data = EvtData::new(args![1, "x"; k = 0.5]);
    assert_eq!(format!("{data:?}"), "EvtData(i32, &str, k = f64)");
    assert_eq!(format!("{:?}", EvtData::new(())), "EvtData");
}

#[test]
fn a_small_value_is_read_as_what_it_is_and_as_nothing_else() {
    let data = (7_u64, -1_i64).into_data(false);
    assert_eq!(data.exact::<(u64, i64)>(), Some(&(7, -1)));
    assert_eq!(data.exact::<(i64, u64)>(), None);
    assert_eq!(data.exact::<u64>(), None);
    assert_eq!(().into_data(false).exact::<()>(), Some(&()));
    // Fewer bytes than the space, at an offset that is no multiple of a word.
    let data = (1_u8, 2_u16, 3_u8).into_data(false);
    assert_eq!(data.exact::<(u8, u16, u8)>(), Some(&(1, 2, 3)));
}

#[test]
fn a_small_value_may_change_behind_a_shared_reference() {
    let data = (AtomicUsize::new(1),).into_data(false);
    assert!(is_inline(&data));
    data.exact::<(AtomicUsize,)>().unwrap().0.store(2, Relaxed);
    let moved = data;
    assert_eq!(moved.exact::<(AtomicUsize,)>().unwrap().0.load(Relaxed), 2);
}
