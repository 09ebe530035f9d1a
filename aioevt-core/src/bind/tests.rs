//! Binding, by position and by name, without a loop.

#![allow(
    unused_imports,
    dropping_copy_types,
    reason = "inside this crate what `callback!` imports is linted, and its bodies use up their arguments"
)]

use alloc::string::{String, ToString};
use alloc::vec;

use super::named::Binder;
use super::*;
use crate::callback::named::Named;
use crate::data::IntoEvtData;
use crate::{EventLoop, Shared, args, callback};

struct Sent(Data);

impl Sent {
    fn new(data: impl IntoEvtData) -> Self {
        Self(data.into_data(false))
    }
}

impl Delivery for Sent {
    fn data(&mut self) -> &mut Data {
        &mut self.0
    }

    fn manager(&self) -> Manager {
        Manager::new(EventLoop::inline())
    }
}

fn bound<P: FromArgs>(data: impl IntoEvtData) -> Result<P, ArgError> {
    bind(&mut Sent::new(data))
}

fn missing(index: usize, expected: &'static str, given: usize) -> ArgError {
    ArgError::Missing {
        argument: Argument::at(index),
        expected,
        given,
    }
}

mod by_position {
    use super::*;

    #[test]
    fn every_number_of_parameters() {
        macro_rules! check {
            ($($T:ident $i:tt),*) => {{
                $(type $T = i64;)*
                assert_eq!(bound::<($($T,)*)>(($($i as i64,)*)), Ok(($($i,)*)));
                assert_eq!(bound::<($($T,)*)>(($($i as u8,)*)), Ok(($($i,)*)));
                assert_eq!(bound::<($($T,)*)>(Args::new()$(.with($i as i8))*), Ok(($($i,)*)));
                assert_eq!(EvtData::new(($($i as u8,)*)).args::<($($T,)*)>(), Ok(($($i,)*)));
                let count: usize = 0 $(+ { let _: $T = $i; 1 })*;
                if count > 0 {
                    assert_eq!(bound::<($($T,)*)>(()), Err(missing(0, "i64", 0)));
                    assert!(matches!(
                        bound::<($($T,)*)>(Args::new()$(.with($i))*.with(())),
                        Err(ArgError::Surplus { given, accepted, .. }) if (given, accepted) == (count + 1, count)
                    ));
                }
            }};
        }
        use crate::data::Args;
        crate::macros::for_each_tuple!(check);
    }

    #[test]
    fn the_number_is_checked_before_the_types() {
        assert_eq!(bound::<(i64, i64)>(("x",)), Err(missing(1, "i64", 1)));
        assert_eq!(
            bound::<(Manager, i64, u8)>((1,)).map(drop),
            Err(missing(1, "u8", 1))
        );
        assert_eq!(
            bound::<(i64,)>(("x", "y")),
            Err(ArgError::Surplus {
                given: 2,
                accepted: 1,
                names: vec![]
            })
        );
    }

    #[test]
    fn the_wrong_argument_is_named() {
        assert_eq!(
            bound::<(i64, i64)>((1, "x")),
            Err(ArgError::WrongType {
                argument: Argument::at(1),
                expected: "i64",
                found: "&str"
            })
        );
        assert_eq!(
            bound::<(i64, u8)>((1, -1_i64)),
            Err(ArgError::OutOfRange {
                argument: Argument::at(1),
                expected: "u8",
                found: "i64",
                value: "-1".into()
            })
        );
    }

    #[test]
    fn no_parameters_accept_every_event() {
        assert_eq!(bound::<()>(()), Ok(()));
        assert_eq!(bound::<()>((1, "x")), Ok(()));
        assert_eq!(bound::<()>(args![1; k = 2]), Ok(()));
        assert!(bound::<(Manager,)>(args![1; k = 2]).is_ok());
    }

    #[test]
    fn a_single_evt_data_takes_the_whole_event() {
        assert_eq!(bound::<(EvtData,)>(()).unwrap().0.len(), 0);
        assert_eq!(
            bound::<(EvtData,)>((1, "x")).unwrap().0.arg::<i64>(0),
            Ok(1)
        );
        assert_eq!(
            bound::<(EvtData,)>(args![1; k = 2])
                .unwrap()
                .0
                .kwarg::<i64>("k"),
            Ok(2)
        );
        assert_eq!(bound::<(Manager, EvtData)>((1, 2)).unwrap().1.len(), 2);
        // Also an event whose argument is one.
        let inner = EvtData::new(());
        assert_eq!(bound::<(EvtData,)>((inner,)).unwrap().0.len(), 1);
    }

    #[test]
    fn one_of_several_evt_data_is_an_argument() {
        let inner = EvtData::new((1, 2, 3));
        let (a, data) = bound::<(i64, EvtData)>((0, inner)).unwrap();
        assert_eq!((a, data.len()), (0, 3));
        assert!(matches!(
            bound::<(i64, EvtData)>((0, 1)),
            Err(ArgError::WrongType { .. })
        ));
    }

    #[test]
    fn a_manager_takes_no_argument_wherever_it_stands() {
        assert_eq!(
            bound::<(Manager, i64, i64)>((1, 2)).map(|(_, a, b)| (a, b)),
            Ok((1, 2))
        );
        assert_eq!(
            bound::<(i64, Manager, i64)>((1, 2)).map(|(a, _, b)| (a, b)),
            Ok((1, 2))
        );
        assert_eq!(
            bound::<(i64, i64, Manager)>((1_i64, 2_i64)).map(|(a, b, _)| (a, b)),
            Ok((1, 2))
        );
    }

    #[test]
    fn parameters_without_names_refuse_keywords() {
        let unknown = || ArgError::UnknownKeyword {
            name: "k".into(),
            names: vec![],
        };
        assert_eq!(bound::<(i64,)>(args![1; k = 2]), Err(unknown()));
        assert_eq!(bound::<(i64,)>(args![; k = 2]), Err(unknown()));
        assert_eq!(
            bound::<(i64, Manager)>(args![1; k = 2]).map(drop),
            Err(unknown())
        );
    }

    #[test]
    fn an_option_is_no_way_to_be_absent() {
        assert_eq!(bound::<(Option<i64>,)>((Some(1_i64),)), Ok((Some(1),)));
        assert!(matches!(
            bound::<(Option<i64>,)>((1_i64,)),
            Err(ArgError::WrongType { .. })
        ));
        assert!(matches!(
            bound::<(Option<i64>,)>(()),
            Err(ArgError::Missing { .. })
        ));
    }

    #[test]
    fn a_shared_argument_is_not_copied() {
        struct NotClone(u8);
        let mut sent = Sent::new((NotClone(7), 1));
        let (a, n) = bind::<(Shared<NotClone>, i64), _>(&mut sent).unwrap();
        let (b, _) = bind::<(Shared<NotClone>, i64), _>(&mut sent).unwrap();
        assert_eq!((a.0, n), (7, 1));
        assert!(core::ptr::eq(&raw const *a, &raw const *b));
        drop(sent);
        // Emitted again it stands for the same value.
        let (c,) = bound::<(Shared<NotClone>,)>((a,)).unwrap();
        assert!(core::ptr::eq(&raw const *c, &raw const *b));
    }

    #[test]
    fn a_shared_argument_is_exact() {
        let error = bound::<(Shared<i64>,)>((1_i32,)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "argument 1: expected i64, found i32; emit an i64 here or take an i32; \
             what is borrowed or `Shared` is not converted"
        );
    }
}

mod by_name {
    use super::*;

    fn bound<B, F, P>(callback: &Named<B, F>, data: impl IntoEvtData) -> Result<P, ArgError>
    where
        B: Fn(&mut Binder<'_>) -> Result<P, ArgError>,
    {
        (callback.bind)(&mut Binder::new(&mut Sent::new(data)))
    }

    #[test]
    fn positions_first_then_keywords() {
        let add = callback!(|num1: i64, num4: i64| drop(num1 + num4));
        assert_eq!(bound(&add, (1, 2)), Ok((1, 2)));
        assert_eq!(bound(&add, (1_i64, 2_i64)), Ok((1, 2)));
        assert_eq!(bound(&add, args![1; num4 = 2]), Ok((1, 2)));
        assert_eq!(bound(&add, args![; num4 = 2, num1 = 1]), Ok((1, 2)));
    }

    #[test]
    fn an_option_may_be_absent() {
        let f = callback!(|a: i64, b: Option<i64>, c: Option<String>| drop((a, b, c)));
        assert_eq!(bound(&f, (1,)), Ok((1, None, None)));
        assert_eq!(bound(&f, (1, 2)), Ok((1, Some(2), None)));
        assert_eq!(
            bound(&f, args![1; c = "x"]),
            Ok((1, None, Some("x".into())))
        );
        assert_eq!(
            bound(&f, (1, None::<i64>, Some(String::from("x")))),
            Ok((1, None, Some("x".into())))
        );
        assert_eq!(
            bound(&f, (1_i64, Some(2_i64), None::<String>)),
            Ok((1, Some(2), None))
        );
        assert_eq!(
            bound(&f, (1, true)),
            Err(ArgError::WrongType {
                argument: Argument::parameter(1, "b"),
                expected: "i64",
                found: "bool"
            })
        );
    }

    #[test]
    fn a_shared_argument_may_be_absent_too() {
        struct NotClone(u8);
        let f = callback!(|a: Option<Shared<NotClone>>| drop(a));
        assert!(bound(&f, ()).unwrap().0.is_none());
        assert_eq!(bound(&f, args![; a = NotClone(7)]).unwrap().0.unwrap().0, 7);
    }

    #[test]
    fn special_parameters_have_no_keyword() {
        let f = callback!(|mgr: Manager, a: i64| drop((mgr, a)));
        assert_eq!(bound(&f, args![; a = 1]).unwrap().1, 1);
        assert_eq!(
            bound(&f, args![; a = 1, mgr = 2]).map(drop),
            Err(ArgError::UnknownKeyword {
                name: "mgr".into(),
                names: vec!["a"]
            })
        );
        let f = callback!(|event: EvtData, mgr: Manager| drop((event, mgr)));
        assert_eq!(bound(&f, args![1, 2; k = 3]).unwrap().0.len(), 2);
        let f = callback!(|mgr: Manager| drop(mgr));
        assert!(bound(&f, args![1; k = 3]).is_ok());
        let f = callback!(|| {});
        assert!(bound(&f, args![1; k = 3]).is_ok());
    }

    #[test]
    fn names_are_written_as_identifiers() {
        let f = callback!(move |mut a: i64, r#type: i64| {
            a += r#type;
            drop(a);
        });
        assert_eq!(bound(&f, args![; r#type = 2, a = 1]), Ok((1, 2)));
    }

    #[test]
    fn every_mistake_names_the_parameter() {
        let f = callback!(|num1: i64, num4: Option<u8>| drop((num1, num4)));
        let error = |data: crate::data::Args| bound(&f, data).unwrap_err().to_string();
        assert_eq!(
            error(args![]),
            "argument 1 `num1`: expected i64, found nothing; \
             emit it by position or as `num1 = ..`, or make it an `Option`"
        );
        assert_eq!(
            error(args![1, 2, 3]),
            "argument 3: expected no more than 2 (`num1`, `num4`), found 3 arguments; \
             emit fewer, or take as many (or one `EvtData`)"
        );
        // Not "missing": the misspelt keyword is what is wrong.
        assert_eq!(
            error(args![; nun1 = 1]),
            "keyword `nun1`: expected one of `num1`, `num4`, found `nun1`; \
             emit one of these or add the parameter"
        );
        assert_eq!(
            error(args![1; num1 = 1]),
            "argument 1 `num1`: expected one value, found two; give it once, by position or by keyword"
        );
        assert_eq!(
            error(args![1; num4 = 1, num4 = 2]),
            "argument 2 `num4`: expected one value, found two; give it once, by position or by keyword"
        );
        assert_eq!(
            error(args![1; num4 = 256]),
            "argument 2 `num4`: expected a u8, found the i32 256, which is out of its range; \
             emit a value that fits or take a wider type"
        );
        assert_eq!(
            error(args![String::new()]),
            "argument 1 `num1`: expected i64, found alloc::string::String; \
             emit an i64 here or take an alloc::string::String"
        );
    }
}
